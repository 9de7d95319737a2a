"""Retention: whose records have been kept for long enough, and that only what is confirmed is erased by it."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from schemas.codelists import CodeList, code_list
from services.cli.main import main
from services.intake import erasing, retention
from services.intake.retention import kept
from services.settings import Settings
from services.store import everything
from services.store.engine import Store
from services.store.erasure import Order
from services.store.retention import Life, lives
from services.store.writing import Key
from tests.posted import COUNCIL, HEALTH, post, retract

NOBODY = {"chi": None, "scn": None}
Ran = tuple[int, dict[str, Any]]
Kith = Callable[..., Ran]


@pytest.fixture
def children(store: Store) -> Mapping[str, str]:
    """Children by their births, each with records of the families that its own id names."""
    wanted = {
        "known-old": ("1990-03-04", ()),
        "helped-old": ("1990-03-04", ("plans",)),
        "cared-old": ("1990-03-04", ("plans", "care_episodes")),
        "known-young": ("2020-03-04", ()),
        "birth-erased": ("1990-03-04", ("chronologies",)),
    }
    made = {name: _post(store, name, born, families) for name, (born, families) in wanted.items()}
    erasing.erase(store, [Key(COUNCIL.agency, COUNCIL.source, "children", "birth-erased")], Order("unlawful", "w-1"))
    return made


def _post(store: Store, name: str, born: str, families: tuple[str, ...] = ()) -> str:
    found = post(store, COUNCIL, "children", name, **NOBODY, date_of_birth=born).child
    for family in families:
        post(store, COUNCIL, family, f"{name}-{family}", child=name)
    assert found
    return found


@pytest.fixture
def kith(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Kith:
    monkeypatch.setenv("KITH_HOME", str(settings.home))
    monkeypatch.setenv("KITH_DATABASE_URL", settings.database_url)

    def run(*words: str) -> Ran:
        code = main(["retention", "--json", *words])
        told = capsys.readouterr().out
        return code, {one["class"]: one for one in json.loads(told)["items"]} if told else {}

    return run


@pytest.fixture
def confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the periods of children who are known, or have a plan, had been confirmed."""
    rows = {
        code: {**row, "status": "verified" if code in ("known", "planned_help") else row["status"]}
        for code, row in code_list("retention_classes").rows.items()
    }
    monkeypatch.setattr(retention, "code_list", lambda name: CodeList(name, rows))


def left(store: Store, children: Mapping[str, str]) -> set[str]:
    with store.reading() as connection:
        return {
            name for name, child in children.items() if everything.left(connection, everything.keys(connection, child))
        }


def test_a_dry_run_says_who_is_over_in_the_class_that_lasts_longest(
    store: Store, kith: Kith, children: Mapping[str, str]
) -> None:
    code, told = kith("--on", "2026-11-25")
    assert code == 0
    assert {name: (one["children"], one["over"], one["next_until"]) for name, one in told.items()} == {
        "looked_after": (1, [], "2090-03-04"),
        "planned_help": (2, [children["helped-old"]], None),
        "known": (2, [children["known-old"]], "2045-03-04"),
    }
    assert told["planned_help"]["birth_date_unknown"] == 1
    assert left(store, children) == set(children)


def test_a_day_to_come_shows_what_will_be_over(kith: Kith, children: Mapping[str, str]) -> None:
    assert kith("--on", "2045-03-03")[1]["known"]["over"] == [children["known-old"]]
    assert kith("--on", "2045-03-04")[1]["known"]["over"] == sorted([children["known-old"], children["known-young"]])


def test_nothing_is_erased_for_a_period_that_nobody_confirmed(
    store: Store, kith: Kith, children: Mapping[str, str]
) -> None:
    assert kith("--erase", "--by", "w-1")[0] == 1
    assert left(store, children) == set(children)


@pytest.mark.usefixtures("confirmed")
def test_what_is_over_and_confirmed_is_erased_for_that_reason(
    store: Store, kith: Kith, children: Mapping[str, str]
) -> None:
    assert kith("--erase", "--by", "w-1")[0] == 0
    assert set(children) - left(store, children) == {"known-old", "helped-old"}
    with store.reading() as connection:
        gone = everything.erased(connection, children["helped-old"])
    assert {(one.reason, one.key.family) for one in gone} == {("retention", "children"), ("retention", "plans")}
    assert all(one["over"] == [] for one in kith()[1].values()), "what was erased is not over again"


@pytest.mark.parametrize("words", [("--erase",), ("--erase", "--by", "w-1", "--on", "2999-01-01")])
@pytest.mark.usefixtures("confirmed")
def test_nothing_is_erased_without_who_decided_or_before_its_day(
    store: Store, kith: Kith, children: Mapping[str, str], words: tuple[str, ...]
) -> None:
    assert kith(*words)[0] == 2
    assert left(store, children) == set(children)


def test_what_was_retracted_is_kept_and_counts(store: Store) -> None:
    child = _post(store, "a", "1990-03-04", ("plans",))
    retract(store, COUNCIL, "plans", "a-plans")
    with store.reading() as connection:
        assert list(lives(connection)) == [Life(child, frozenset({"children", "plans"}), date(1990, 3, 4))]


def test_of_two_birth_dates_the_later_counts_and_others_children_are_apart(store: Store) -> None:
    one = post(store, COUNCIL, "children", "a", date_of_birth="2010-01-02").child
    other = post(store, HEALTH, "children", "b", **NOBODY, date_of_birth="2011-05-06").child
    post(store, COUNCIL, "children", "a", date_of_birth="2012-01-02", recorded_at="2026-11-01T09:00:00Z")
    with store.reading() as connection:
        assert {life.child: life.born_on for life in lives(connection)} == {
            one: date(2012, 1, 2),
            other: date(2011, 5, 6),
        }


def test_until_a_child_is_born_the_expected_day_counts(store: Store) -> None:
    unborn = NOBODY | {"date_of_birth": None, "expected_date_of_birth": "2027-02-03", "sex": "unborn"}
    child = post(store, COUNCIL, "children", "a", **unborn).child
    with store.reading() as connection:
        assert [(life.child, life.born_on) for life in lives(connection)] == [(child, date(2027, 2, 3))]


def test_a_leap_day_ends_the_day_after_where_there_is_none() -> None:
    told = kept(Life("c", frozenset({"children"}), date(2000, 2, 29)))
    assert (told.retention_class, told.until) == ("known", date(2025, 3, 1))
