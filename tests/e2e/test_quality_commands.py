"""kith quality as a data team uses it, and how loudly a run fails that cannot be whole."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from quality.catalogue import rules
from quality.rule import Query, Rule
from schemas.registry import BY_NAME
from services.access import credentials
from services.cli.main import main
from services.extracts import source
from services.inspection import store_run
from services.intake.singles import read_record, receive
from services.settings import Settings
from services.store.engine import Store
from services.store.runs import FINDING
from services.store.writing import Owner
from tests.conftest import migrated
from tests.examples import changed

ROOT = Path(__file__).parents[2]
OWNER = Owner("renfrewshire-social-work", "S12000038")
SIGNING = ("quality", "sign-off", "prepare", "--agency", OWNER.agency, "--families", "children", "referrals")


@pytest.fixture
def home(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store, on either database, to be worked on by the commands."""
    return filled(settings, store, monkeypatch)


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The same on SQLite, for what is one to the rules."""
    settings = migrated(Settings(home=tmp_path, database_url=""))
    store = Store(settings.store_url)
    yield filled(settings, store, monkeypatch)
    store.close()


def filled(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """One source and a child whose SCN is none, and the environment of the commands."""
    monkeypatch.setenv("KITH_HOME", str(settings.home))
    monkeypatch.setenv("KITH_DATABASE_URL", settings.database_url)
    credentials.add_source(store, *OWNER, ["records.write"])
    bad = changed("children", {"scn": "180669079", "chi": None, "siblings": []})
    receive(store, read_record(OWNER, BY_NAME["children"], "bad", json.dumps(bad).encode()))
    return store


def kith(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """The exit code, and what was said as JSON."""
    capsys.readouterr()
    code = main([*words, "--json"])
    said = capsys.readouterr().out
    return code, json.loads(said) if said else None


def test_findings_are_listed_explained_and_signed_off(home: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert kith(capsys, "quality", "run")[0] == 1
    code, listed = kith(capsys, "quality", "findings", "--agency", OWNER.agency, "--rule", "ID02")
    (one,) = listed["items"]
    assert (code, one["source_id"], one["state"], one["changed_since_run"]) == (1, "bad", "open", False)
    period = ("--from", "2024-08-01", "--to", "2025-07-31")
    assert kith(capsys, *SIGNING, *period, "--worker", "preparer-1") == (1, None)
    assert main(["quality", "explain", str(one["id"]), "--reason", "rule-does-not-fit"]) == 2
    words = ("--note", "seen on paper", "--expires", "2199-01-01", "--worker", "worker-1")
    assert main(["quality", "explain", str(one["id"]), "--reason", "rule-does-not-fit", *words]) == 2
    assert main(["quality", "explain", str(one["id"]), "--reason", "rule-does-not-fit", *words[:2]]) == 0
    assert main(["quality", "explain", "999", "--reason", "historic-record"]) == 2
    assert kith(capsys, "quality", "findings", "--rule", "ID02") == (0, {"items": [], "next": None})
    assert (
        kith(capsys, "quality", "findings", "--rule", "ID02", "--state", "explained")[1]["items"][0]["id"] == one["id"]
    )
    code, prepared = kith(capsys, *SIGNING, *period, "--worker", "preparer-1")
    number = str(prepared["items"][0]["id"])
    assert (code, prepared["items"][0]["families"]) == (0, ["children", "referrals"])
    assert kith(capsys, "quality", "sign-off", "sign", number, "--worker", "preparer-1") == (1, None)
    assert kith(capsys, "quality", "sign-off", "sign", number, "--worker", "approver-2")[0] == 0
    assert kith(capsys, "quality", "sign-off", "list")[1]["items"][0]["state"] == "signed"
    again = ("--reason", "data-corrected", "--worker", "approver-2")
    assert kith(capsys, "quality", "sign-off", "reopen", number, *again)[1]["items"][0]["state"] == "reopened"


def test_a_rule_that_crashes_fails_the_run_and_closes_nothing(
    plain: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kith(capsys, "quality", "run")
    monkeypatch.setattr(store_run, "rules", lambda: broken("ID02", "SELECT seq AS record_key FROM no_such_table"))
    code, said = kith(capsys, "quality", "run")
    assert (code, said["statuses"]["crashed"]) == (2, 1)
    (crashed,) = [one for one in said["results"] if one["status"] == "crashed"]
    assert (crashed["rule"], crashed["failed"], "no_such_table" in crashed["why"]) == ("ID02", None, True)
    with plain.reading() as connection:
        found = select(FINDING.c.state).where(FINDING.c.rule == "ID02")
        assert connection.execute(found).scalars().all() == ["open"]


def broken(code: str, sql: str) -> Sequence[Rule]:
    return [replace(rule, logic=Query(sql)) if rule.code == code else rule for rule in rules()]


def test_a_run_over_a_store_that_lost_a_column_could_not_run(
    home: Store, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = Store(settings.store_url, role=None)
    with owner.writing() as connection:
        connection.execute(text("ALTER TABLE children DROP COLUMN religion"))
    owner.close()
    assert main(["quality", "run"]) == 2
    assert "religion" in capsys.readouterr().err


def test_a_rule_that_reads_a_column_that_is_not_there_crashes_and_does_not_pass(
    plain: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:

    def without_scn(reader: Any, connection: Any, *rest: Any) -> None:
        source.load(reader, connection, *rest)
        connection.execute("ALTER TABLE children DROP COLUMN scn")

    monkeypatch.setattr(store_run, "load", without_scn)
    code, said = kith(capsys, "quality", "run")
    crashed = {one["rule"] for one in said["results"] if one["status"] == "crashed"}
    assert code == 2 and "ID02" in crashed


def test_a_run_without_a_code_list_fails_and_names_it(tmp_path: Path) -> None:
    for package in ("schemas", "services", "quality", "migrations"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    held = tmp_path / "schemas" / "codes" / "legal_reasons.csv"
    held.rename(held.with_stem("renamed"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    environment |= {"KITH_HOME": str(tmp_path / "var"), "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "services.cli.main", "quality", "run"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode != 0 and done.stdout == ""
    assert "legal_reasons" in done.stderr
