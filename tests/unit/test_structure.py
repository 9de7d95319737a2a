"""How the code is built: short functions, empty package files, no drawers, no heavy imports in the service."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "services", "quality", "seed", "migrations")
CODE = [
    path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if path.parent.name != "versions"
]
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "stuff"}
HEAVY = ("pandas", "polars", "pyarrow", "pandera", "great_expectations", "duckdb", "ibis", "splink", "numpy")


def functions() -> Iterator[tuple[str, int]]:
    """Every function of the product with its lines."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno
                yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1


def test_functions_are_short() -> None:
    lines = [length for _, length in functions()]
    assert median(lines) <= 8
    assert quantiles(lines, n=10)[-1] <= 25
    assert [name for name, length in functions() if length > 60] == []


def test_every_package_file_is_empty() -> None:
    assert [path for path in CODE if path.name == "__init__.py" and path.read_text(encoding="utf-8").strip()] == []


def test_there_are_no_drawers() -> None:
    assert [path for path in CODE if path.stem in DRAWERS] == []


def test_no_module_puts_off_its_annotations() -> None:
    assert [path for path in CODE if "from __future__ import annotations" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("module", ["services.app", "services.cli.main", "quality.catalogue"])
def test_the_service_starts_without_the_data_libraries(module: str) -> None:
    script = f"import json, sys, {module}; print(json.dumps(sorted(name.partition('.')[0] for name in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(json.loads(done.stdout)).isdisjoint(HEAVY)
