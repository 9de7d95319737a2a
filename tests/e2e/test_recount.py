"""A run over a store that Great Expectations counts a second time, and how loudly it says where it cannot."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from quality import sql
from quality.catalogue import by_code
from quality.expectations import Data, Expectation, Recounted
from quality.own_words import CONTRACT, said
from quality.rule import Rule
from schemas.registry import BY_NAME
from services.cli.main import main
from services.inspection import recounting, store_run
from services.inspection.recounting import NotRecounted
from services.intake.singles import read_record, receive
from services.settings import Settings
from services.store.engine import Store
from tests.e2e.test_quality_commands import OWNER, filled, kith
from tests.examples import changed, example

COUNTED = {"ID02": 1, "ID08": 1, "ID25": 2, "RF23": 1, "CH24": 1}
"""Rules that the records of these tests break: by their SQL alone, by a code, twice over, and by what is missing."""

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], scope="session")
"""Where both the workspace in DuckDB and the store itself are counted."""


@pytest.fixture
def home(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose records break a rule of each kind; the code, which the door refuses, came by another way."""
    filled(settings, store, monkeypatch)
    sibling = {"child": "child-0002", "relation": "full"}
    twice = example("children")["siblings"][:1] * 2 or [sibling, sibling]
    put(store, "children", "twice", chi=None, scn=None, siblings=twice)
    put(store, "referrals", "unsaid", child="twice", child_view="She likes it here.", child_view_method=None)
    put(store, "chronologies", "flat", child="twice", significance=None)
    owner = Store(settings.store_url, role=None)
    with owner.writing() as connection:
        connection.execute(text("UPDATE children SET local_authority = 'S99' WHERE source_id = 'twice'"))
    owner.close()
    return store


def put(store: Store, family: str, source_id: str, **changes: Any) -> None:
    receive(store, read_record(OWNER, BY_NAME[family], source_id, json.dumps(changed(family, changes)).encode()))


@on_postgresql
def test_every_rule_is_counted_twice_and_the_same(home: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert counted(capsys) == COUNTED


@pytest.mark.parametrize("database", ["sqlite"], scope="session")
def test_the_pages_of_a_second_count_load_nothing_and_tell_no_value(
    home: Store, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["quality", "docs"]) == 2
    monkeypatch.setattr(store_run, "rules", lambda: [by_code()[code] for code in COUNTED])
    assert counted(capsys) == COUNTED
    assert not list(settings.home.glob(".building-*"))
    code, docs = kith(capsys, "quality", "docs", "--out", str(settings.home / "docs"))
    assert code == 0 and {"index.html", "children.html", "children-suite.html"} <= set(docs["items"])
    assert main(["quality", "docs", "--out", str(settings.home / "docs")]) == 2
    for path in (settings.home / "docs").iterdir():
        page = path.read_text(encoding="utf-8")
        assert not re.search(r"https?:|src=|url\(|<script|<link|<img|@import", page), path.name
        assert "180669079" not in page and "She likes it" not in page


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """What a run that is counted twice says of the rules above; none may crash."""
    code, told = kith(capsys, "quality", "run", "--recount")
    assert (code, told["statuses"].get("crashed", 0)) == (1, 0)
    return {one["rule"]: one["failed"] for one in told["results"] if one["rule"] in COUNTED}


@on_postgresql
def test_a_rule_that_is_counted_differently_or_cannot_be_counted_crashes(
    home: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def meddled(rule: Rule, *rest: Any) -> str:
        other = {"ID02": "SELECT 1 WHERE false", "ID03": "SELECT no_such_column FROM children", "LA33": "SELEKT"}
        return other.get(rule.code) or sql.failing_rows(rule, *rest)

    def misread(rule: Rule) -> list[Expectation]:
        """A column that is gone, and a code list with other codes."""
        other: dict[str, dict[str, Any]] = {"RF23": {"column": "gone"}, "ID08": {"value_set": ["S99", "S12000038"]}}
        return [replace(one, arguments={**one.arguments, **other.get(rule.code, {})}) for one in said(rule)]

    asked = ("ID02", "ID03", "ID08", "ID25", "RF23", "LA33")
    monkeypatch.setattr(store_run, "rules", lambda: [by_code()[code] for code in asked])
    monkeypatch.setattr(recounting, "TABLES", BY_NAME["children"].tables)
    monkeypatch.setattr(recounting, "failing_rows", meddled)
    monkeypatch.setattr(recounting, "said", misread)
    code, told = kith(capsys, "quality", "run", "--recount")
    crashed = {one["rule"]: one["why"] for one in told["results"] if one["status"] == "crashed"}
    assert code == 2
    assert set(crashed) == {*asked} - {"ID25"}
    assert crashed["ID02"] == "Kith counts 1 failing rows and Great Expectations 0"
    assert "no_such_column" in crashed["ID03"]
    with home.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM finding WHERE rule = 'ID02'")).scalar_one() == 0


def test_a_store_that_breaks_its_contract_stops_the_run() -> None:
    empty = Expectation(CONTRACT, "children", "ExpectColumnValuesToNotBeNull", {"column": "sex"})
    asked = [Data("postgresql", "postgresql://", [empty])]
    recounting._keep_contract(asked, [[Recounted(CONTRACT, 0, None)]])
    for answer in (Recounted(CONTRACT, 1, None), Recounted(CONTRACT, None, "no such column")):
        with pytest.raises(NotRecounted, match=r"children\.sex"):
            recounting._keep_contract(asked, [[answer]])


def test_a_recount_that_cannot_run_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("quality.expectations.sys.executable", "/bin/false")
    monkeypatch.setenv("KITH_HOME", str(tmp_path))
    monkeypatch.setenv("KITH_DATABASE_URL", "")
    assert main(["migrate"]) == 0
    assert main(["quality", "run", "--recount"]) == 2
    store = Store(Settings(home=tmp_path, database_url="").store_url)
    with store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM quality_run")).scalar_one() == 0
    store.close()
