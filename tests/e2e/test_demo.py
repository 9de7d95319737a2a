"""The demonstration as a newcomer runs it: everything over real HTTP, then a service to try."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
KITH = [sys.executable, "-m", "services.cli.main"]


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    return kept | {"KITH_HOME": str(home), "COLUMNS": "200"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def shown(home: Path) -> dict[str, Any]:
    """What `kith demo --once --json` says."""
    command = [*KITH, "demo", "--once", "--children", "300", "--json"]
    done = subprocess.run(command, env=environment(home), cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_every_record_is_posted_and_none_refused(shown: dict[str, Any]) -> None:
    assert shown["records"] > 1000
    assert shown["records"] == sum(shown["results"].values())
    assert shown["results"].get("rejected", 0) == 0
    assert shown["results"]["created"] > 1000


def test_the_rules_ran_and_none_crashed(shown: dict[str, Any]) -> None:
    assert shown["rules"]["pass"] > 40
    assert "crashed" not in shown["rules"]
    assert shown["findings"].get("error", 0) == 0


def test_the_release_is_verified_and_says_that_it_is_made_up(shown: dict[str, Any]) -> None:
    assert shown["problems"] == []
    assert shown["synthetic"] is True
    assert "MADE-UP" in shown["notice"]
    manifest = json.loads((Path(shown["release"]) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["synthetic"] is True


def test_the_headline_tables_have_rows(shown: dict[str, Any]) -> None:
    assert len(shown["headlines"]) == 10
    assert [table["title"] for table in shown["headlines"] if not table["rows"]] == []


def test_the_readmes_question_has_an_answer(shown: dict[str, Any]) -> None:
    (question,) = re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    with duckdb.connect(str(Path(shown["release"]) / "kith.duckdb"), read_only=True) as connection:
        assert connection.execute(question).fetchall()


def test_made_up_children_are_not_mixed_with_others(tmp_path: Path) -> None:
    script = (
        "import json; from pathlib import Path; from services.cli.service import bring_up_to_date;"
        "from services.settings import Settings; from services.store.engine import Store;"
        "from services.store.writing import Owner; from services.intake.singles import read_record, receive;"
        "from schemas.registry import BY_NAME; s = Settings(); bring_up_to_date(s);"
        f"b = Path({str(ROOT / 'tests/examples/children.json')!r}).read_bytes();"
        "receive(Store(s.store_url), read_record(Owner('real-system', 'S12000038'), BY_NAME['children'], 'a', b))"
    )
    subprocess.run([sys.executable, "-c", script], env=environment(tmp_path), check=True)
    done = subprocess.run(
        [*KITH, "demo", "--once", "--children", "10"], env=environment(tmp_path), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "not made up" in done.stderr


@pytest.fixture(scope="module")
def again(shown: dict[str, Any], home: Path) -> Iterator[list[str]]:
    """The same demonstration again, which goes on serving: the lines that it shows."""
    command = [*KITH, "demo", "--children", "300", "--port", str(free_port())]
    process = subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    lines: list[str] = []
    try:
        while sum("curl" in line for line in lines) < 3:
            line = process.stdout.readline()
            assert line, "the demonstration ended before it served"
            lines.append(line)
        yield lines
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def test_a_second_run_changes_nothing_that_is_held(shown: dict[str, Any], again: list[str]) -> None:
    told = " ".join("".join(again).split())
    (results,) = re.findall("What became of the records(.*?)What became of the rules", told)
    assert set(re.findall("[a-z]+", results)) - {"count"} <= {"unchanged", "stale"}
    assert f"joined to {shown['children']:,} children" in told


def test_its_three_lines_work_as_pasted(again: list[str]) -> None:
    lines = "".join(line for line in again if "curl" in line)
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)
    put, _, findings = done.stdout.partition("}{")
    assert json.loads(put + "}")["result"] == "created"
    assert "items" in json.loads("{" + findings)


def test_it_says_where_what_cannot_start_is_wrong(again: list[str], home: Path) -> None:
    port = re.findall(r"127\.0\.0\.1:(\d+)", "".join(again))[0]
    command = [*KITH, "demo", "--once", "--children", "10", "--port", port]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True)
    assert (done.returncode, f"Port {port} is taken" in done.stderr) == (2, True)
