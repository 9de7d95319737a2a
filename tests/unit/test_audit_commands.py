"""The audit from the command line, as those who run the service and those who check on them use it."""

import io
import json
import shutil
import sqlite3
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.cli.main import main


@dataclass(frozen=True)
class Done:
    """What a command ended with and put out."""

    returncode: int
    stdout: str


def kith(home: Path, *words: str) -> Done:
    """Run a command over the store in a folder, in this process: a process each would take the suite a minute."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.setenv("KITH_HOME", str(home))
        patch.delenv("KITH_DATABASE_URL", raising=False)
        try:
            code = main(words)
        except SystemExit as ended:  # argparse, of words that it does not know
            code = int(ended.code or 0)
    return Done(code, out.getvalue())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with some administrative acts, sealed and exported in full."""
    folder = tmp_path_factory.mktemp("home")
    assert kith(folder, "migrate").returncode == 0
    assert kith(folder, "audit", "export").returncode == 2, "there is no key yet"
    assert kith(folder, "audit", "key").returncode == 0
    for name in ("a-source", "b-source"):
        assert kith(folder, "source", "add", name, "--agency", "POLICE").returncode == 0
    assert kith(folder, "audit", "export", "--full").returncode == 0
    return folder


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    shutil.copytree(home, tmp_path / "home")
    return tmp_path / "home"


def change(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "kith.sqlite")) as connection, connection:
        connection.execute(statement)


def back_up(source: Path, target: Path) -> None:
    """Make one file of SQLite what another is now, whatever lies beside them."""
    with closing(sqlite3.connect(source)) as held, closing(sqlite3.connect(target)) as copied:
        held.backup(copied)


def test_a_store_left_alone_is_fine(copy: Path) -> None:
    done = kith(copy, "audit", "verify", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["result"], report["exports"]) == (0, "fine", 1)
    assert report["entries"]["sealed"] == {"audit": 2, "journal": 0}


def test_a_changed_entry_is_named_by_agency_seal_and_range(copy: Path) -> None:
    change(copy, "UPDATE audit SET what = 'nothing' WHERE entry = 2")
    done = kith(copy, "audit", "verify", "--json")
    assert done.returncode == 1
    (broken,) = json.loads(done.stdout)["broken"]
    assert [broken[name] for name in ("log", "agency", "seal", "first_entry", "last_entry")] == [
        "audit",
        "POLICE",
        1,
        1,
        2,
    ]
    assert "POLICE" in kith(copy, "audit", "verify").stdout


def test_a_full_export_needs_no_store(copy: Path) -> None:
    full = copy / "audit" / "full-00000001"
    (copy / "kith.sqlite").unlink()
    key = copy / "audit-key.pub"
    assert kith(copy / "elsewhere", "audit", "verify", str(full), "--key", str(key)).returncode == 0
    assert kith(copy / "elsewhere", "audit", "verify", str(copy / "audit"), "--offline").returncode == 0
    entries = full / "audit.ndjson"
    entries.write_text(entries.read_text().replace("a-source", "c-source"), encoding="utf-8")
    assert kith(copy / "elsewhere", "audit", "verify", str(full), "--key", str(key)).returncode == 1


def test_what_cannot_be_verified_is_exit_2(tmp_path: Path) -> None:
    assert kith(tmp_path, "audit", "verify").returncode == 2
    assert kith(tmp_path, "audit", "verify", str(tmp_path / "nowhere"), "--offline").returncode == 2


def test_an_export_of_a_store_that_was_set_back_waits_for_a_person(copy: Path) -> None:
    back_up(copy / "kith.sqlite", copy / "backup.sqlite")
    kith(copy, "source", "rotate", "a-source")
    assert kith(copy, "audit", "export").returncode == 0
    back_up(copy / "backup.sqlite", copy / "kith.sqlite")
    assert kith(copy, "audit", "verify").returncode == 1
    assert kith(copy, "audit", "export").returncode == 1
    assert kith(copy, "audit", "export", "--restored").returncode == 0
    done = kith(copy, "audit", "verify", "--json")
    assert done.returncode == 0
    assert [one["is_acknowledged"] for one in json.loads(done.stdout)["missing"]] == [True]


def test_who_received_is_answered(copy: Path) -> None:
    values = "datetime('now'), 'POLICE', 'a-source', 'c', 'read', 'plan', 'child-1', 'w-1', 'r', 'p', 'q'"
    change(copy, f'INSERT INTO audit SELECT 9, {values}, \'{{"shown":["place"]}}\'')
    done = kith(copy, "audit", "who-received", "--worker", "w-1", "--since", "2020-01-01T00:00:00Z", "--json")
    assert [one["child"] for one in json.loads(done.stdout)["items"]] == ["child-1"]
    assert kith(copy, "audit", "who-received", "--worker", "w-1", "--since", "2020-01-01").returncode == 2
