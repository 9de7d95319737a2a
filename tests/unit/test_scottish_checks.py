"""What a Scottish data manager would laugh at is not true of Kith: docs/scottish-checks.md, held to its word."""

import re
from datetime import date
from pathlib import Path

import pytest

from quality.catalogue import by_code, rules
from quality.door import failures
from quality.functions import bank_holidays, working_days_between
from quality.rule import Severity
from schemas.codelists import code_list, names
from schemas.registry import BY_NAME, FAMILIES, TABLES
from tests.examples import changed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scottish-checks.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:4] for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
OWN = re.findall(r"`([A-Z]{2}\d\d)`", PAGE.partition("statisticians' own checks")[2])
NAMED = re.findall(r"`([^`]+)`", " ".join(row[2] for row in ROWS))
TODAY = date(2026, 1, 15)

ENGLISH = re.compile(
    r"\b(section 47|section 20|(?<!kinship )care order|ICPC|SGO|EPO|UPN|Ofsted|CAFCASS|DfE|MASH"
    r"|EHCP|looked-after period|local authority designated officer|case conference)\b",
    re.I,
)


def test_every_mistake_has_its_row() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 36))
    assert all("`" in row[2] for row in ROWS)


@pytest.mark.parametrize("code", [*(name for name in NAMED if re.fullmatch(r"[A-Z]{2}\d\d", name)), *OWN])
def test_a_rule_that_is_named_exists(code: str) -> None:
    assert code in by_code()


@pytest.mark.parametrize("name", [name for name in NAMED if name.startswith("test_")])
def test_a_test_that_is_named_exists(name: str) -> None:
    assert any(f"def {name}(" in path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("name", [name for name in NAMED if name.endswith(".md")])
def test_a_page_that_is_named_exists(name: str) -> None:
    assert (ROOT / name).is_file()


def test_no_text_of_ours_uses_english_terms() -> None:
    said = [f"{rule.says} {rule.hint}" for rule in rules()]
    said += [column.description for table in TABLES for column in table.columns]
    said += [row["label"] for name in names() for row in code_list(name).rows.values()]
    assert [text for text in said if ENGLISH.search(text)] == []


def test_a_move_is_a_placement_within_one_episode() -> None:
    family = BY_NAME["care_episodes"]
    moved = family.contract.model_validate(changed("care_episodes", {}))
    assert len(family.rows(moved)["care_episodes_placements"]) == 2
    assert list(failures("care_episodes", family.rows(moved), TODAY)) == []


def test_identifiers_are_optional_text() -> None:
    children = BY_NAME["children"].tables[0]
    for name in ("chi", "scn"):
        assert (children.column(name).kind, children.column(name).required) == ("text", False)
    refusing = {code for rule in rules() if rule.severity is Severity.REJECT for code in rule.fields}
    assert not refusing & {"chi", "scn"}


def test_a_reason_for_care_is_not_a_ground() -> None:
    row = code_list("care_reasons").rows["R-NEG"]
    assert row["s67_grounds"]
    assert not any(column.name == "s67_grounds" for table in TABLES for column in table.columns)


def test_an_unborn_child_can_be_registered() -> None:
    unborn = {"date_of_birth": None, "expected_date_of_birth": "2026-02-20", "sex": "unborn", "chi": None, "scn": None}
    family = BY_NAME["children"]
    child = family.contract.model_validate(
        changed("children", unborn | {"given_name": None, "recorded_at": "2025-12-01T09:00:00Z"})
    )
    refused = [f for f in failures("children", family.rows(child), TODAY) if f.rule.severity is not Severity.QUERY]
    assert refused == []


def test_a_placement_has_no_address() -> None:
    placements = next(table for table in TABLES if table.name == "care_episodes_placements")
    assert not [column.name for column in placements.columns if re.search("post|zone|address|street", column.name)]


def test_scotland_keeps_its_own_bank_holidays() -> None:
    scottish = {date(2025, 1, 2), date(2025, 12, 1), date(2025, 8, 4)}
    assert scottish <= set(bank_holidays())
    assert date(2025, 4, 21) not in bank_holidays()
    assert working_days_between(date(2025, 12, 31), date(2026, 1, 5)) == 1


@pytest.mark.parametrize(("family", "field"), [("referrals", "primary_reason"), ("care_episodes", "primary_reason")])
def test_a_reason_not_known_yet_never_refuses(family: str, field: str) -> None:
    record = BY_NAME[family].contract.model_validate(changed(family, {field: "RX-NYK"}))
    found = list(failures(family, BY_NAME[family].rows(record), TODAY))
    assert not [failure.rule.code for failure in found if failure.rule.severity is Severity.REJECT]


def test_an_entry_about_others_is_marked_by_default() -> None:
    entry = BY_NAME["chronologies"].contract.model_validate(changed("chronologies", {"people": ["child", "parent"]}))
    assert entry.third_party is True  # type: ignore[attr-defined]


def test_every_family_says_what_one_record_is() -> None:
    assert all(family.one_record_is for family in FAMILIES)
