"""The image, the compose file and the locks: no engine is at hand, so what they name is checked to exist."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.cli.main import parser
from services.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
KITH = {name: service for name, service in COMPOSE["services"].items() if name != "postgres"}


def commands(service: dict[str, Any]) -> list[list[str]]:
    """The kith commands that a service runs, those in a shell loop included."""
    words = service["command"]
    lines = re.split(r"[;&]|\bdo\b|\bdone\b", words[2]) if words[0] == "sh" else [shlex.join(words)]
    return [shlex.split(line)[1:] for line in lines if line.strip().startswith("kith ")]


@pytest.mark.parametrize("name", KITH)
def test_every_command_of_the_compose_file_is_one_of_kiths(name: str) -> None:
    found = commands(KITH[name])
    assert found
    for command in found:
        assert parser().parse_args(command).run


def test_the_images_command_is_one_of_kiths() -> None:
    (line,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.M)
    assert parser().parse_args(yaml.safe_load(line)[1:]).run


@pytest.mark.parametrize("name", KITH)
def test_every_environment_name_is_a_setting(name: str) -> None:
    settings = {f"KITH_{field.upper()}" for field in Settings.model_fields}
    assert set(KITH[name]["environment"]) <= settings


def test_the_services_are_those_that_run_kith() -> None:
    assert set(COMPOSE["services"]) == {"postgres", "migrate", "api", "nightly"}


def test_the_image_runs_as_a_user_that_is_not_root() -> None:
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.M)[-1] == "kith"


def test_what_the_image_copies_exists() -> None:
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.M):
        assert all((ROOT / name).exists() for name in line.split()[:-1])


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-api.lock"])
def test_every_pin_of_a_lock_has_a_hash_and_no_lock_names_a_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9].*==.*$", text, re.M)
    assert pins
    assert all(pin.endswith("\\") for pin in pins)
    assert "://" not in text


def test_the_small_lock_holds_no_data_library() -> None:
    names = set(re.findall(r"^([a-z0-9_.-]+)==", (ROOT / "requirements-api.lock").read_text(encoding="utf-8"), re.M))
    assert not names & {"duckdb", "pandas", "polars", "pyarrow", "pandera", "great-expectations", "numpy"}


def test_a_python_that_is_too_old_is_named_in_a_plain_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    command = ["make", "-C", str(ROOT), "setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Kith needs Python 3.11 or later" in done.stdout
    assert not (tmp_path / "venv").exists()
