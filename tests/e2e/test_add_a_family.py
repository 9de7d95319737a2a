"""docs/add-a-family.md, followed to the letter in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "add-a-family.md"
COPIED = ("schemas", "services", "quality", "seed", "migrations", "tests")
BLOCK = re.compile(
    r"<!-- (file: (?P<file>\S+)|line after (?P<after>.+?) in (?P<into>\S+)) -->\n```\w+\n(?P<text>.*?)```", re.S
)

USE = """
import json, sys
from pathlib import Path
from services.app import create_app
from services.settings import Settings
from tests.conftest import serving
from services.extracts.build import build
from services.inspection.store_run import run_over_store

record = json.loads(Path("tests/examples/visits.json").read_text())
settings = Settings()
with serving(settings) as service:
    good = service.put("visits", "v-1", record)
    bad = service.put("visits", "v-2", record | {"purpose": "plannd"})
    doubtful = service.put("visits", "v-3", {name: value for name, value in record.items() if name != "seen_alone"})
    found = run_over_store(settings.store_url)
    paths = [path for path in service.http.get("/openapi.json").json()["paths"] if "/visits/" in path]
release = build(settings, None, None)
print(json.dumps({
    "good": good.status_code,
    "bad": [(error["pointer"], error["rule"], error["hint"]) for error in bad.json()["errors"]],
    "doubtful": [warning["rule"] for warning in doubtful.json()["warnings"] if warning["rule"]],
    "failed": {result.rule.code: result.failed for result in found.run.results if result.failed},
    "paths": len(paths),
    "released": {table["name"]: table["rows"] for table in release.manifest["tables"] if "visits" in table["name"]},
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the page's family in it."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        follow(folder, block)
    run(folder, "-m", "services.cli.main", "migrate", "--write", "visits")
    run(folder, "-m", "services.cli.main", "migrate")
    return folder


def follow(folder: Path, block: "re.Match[str]") -> None:
    if block["file"]:
        (folder / block["file"]).write_text(block["text"], encoding="utf-8")
        return
    file = folder / block["into"]
    text = file.read_text(encoding="utf-8")
    assert text.count(f"{block['after']}\n") == 1
    file.write_text(text.replace(f"{block['after']}\n", f"{block['after']}\n{block['text']}"), encoding="utf-8")


def run(folder: Path, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    environment = kept | {"PYTHONPATH": str(folder), "KITH_HOME": str(folder / "var")}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def used(copy: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(run(copy, "-c", USE).splitlines()[-1])
    return found


def test_the_family_is_one_new_file_and_one_line_and_its_data() -> None:
    blocks = list(BLOCK.finditer(PAGE.read_text(encoding="utf-8")))
    assert [block["file"] for block in blocks if block["file"]] == [
        "schemas/families/visits.py",
        "schemas/codes/visit_purposes.csv",
        "quality/rules/visits.py",
        "tests/examples/visits.json",
    ]
    assert [block["text"].count("\n") for block in blocks if block["into"]] == [1]


def test_its_records_are_taken_and_checked(used: dict[str, object]) -> None:
    assert used["good"] == 201
    assert used["bad"] == [["/purpose", "VI02", "did you mean planned?"]]
    assert used["doubtful"] == ["VI01"]


def test_its_rules_run_at_rest(used: dict[str, object]) -> None:
    failed = used["failed"]
    assert isinstance(failed, dict)
    assert failed["VI01"] == 1


def test_its_routes_are_described_and_its_tables_released(used: dict[str, object]) -> None:
    assert used["paths"] == 5
    assert used["released"] == {"visits": 2, "visits_absent": 0, "visits_people": 2}


def test_the_generic_tests_hold_for_it(copy: Path) -> None:
    out = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_rules.py", "-k", "VI0 or visits")
    assert re.search(r"[4-9] passed", out)
