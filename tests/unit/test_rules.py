"""Every rule's own examples, through the door's closures and through DuckDB."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import pytest

from quality.catalogue import rules
from quality.door import failures
from quality.predicate import parse
from quality.rule import Codes, Example, Row, Rule, Severity, Shape
from quality.run import Status, run
from quality.sql import runs_over_data
from quality.terms import BadPredicate
from quality.workspace import Held, add_earlier, add_records, create
from schemas.registry import BY_NAME
from tests.examples import changed

TODAY = date(2026, 1, 15)
OVER_DATA = [rule for rule in rules() if runs_over_data(rule)]
SOCIAL_WORK: dict[str, Any] = {
    "source_agency": "S12000038",
    "source": "renfrewshire-social-work",
    "version": 1,
    "kept_at": datetime(2025, 12, 1, tzinfo=UTC),
}

Records = Sequence[tuple[str, Mapping[str, Any]]]


def records_of(rule: Rule, shown: Example) -> Records:
    """An example as (family, record) pairs; a patch alone is one record of the rule's family."""
    several = [(rule.family, shown)] if isinstance(shown, Mapping) else shown
    return [(family, changed(family, patch)) for family, patch in several]


@contextmanager
def loaded(records: Records) -> Iterator[duckdb.DuckDBPyConnection]:
    """The records in DuckDB, as one agency's source would hold them unless an example says otherwise."""
    connection = empty_workspace()
    connection.begin()
    for family in {family for family, _ in records}:
        of_family = [(seq, record) for seq, (name, record) in enumerate(records, 1) if name == family]
        for add, when in ((add_records, False), (add_earlier, True)):
            those = [(seq, record) for seq, record in of_family if is_earlier(record) is when]
            add(
                connection, BY_NAME[family], [(held(seq, family, each), validated(family, each)) for seq, each in those]
            )
    try:
        yield connection
    finally:
        connection.rollback()


@cache
def empty_workspace() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    create(connection)
    return connection


def is_earlier(record: Mapping[str, Any]) -> bool:
    return bool(record.get("held", {}).get("is_earlier"))


def stands(record: Mapping[str, Any]) -> dict[str, Any]:
    """What an example says of how the record is held."""
    said = {name: value for name, value in record.get("held", {}).items() if name != "is_earlier"}
    return said | {"kept_at": datetime.fromisoformat(said["kept_at"])} if "kept_at" in said else said


def held(seq: int, family: str, record: Mapping[str, Any]) -> Held:
    source_id = "child-0001" if family == "children" else f"{family}-{seq}"
    how = SOCIAL_WORK | {"source_id": source_id} | stands(record)
    child = how["source_id"] if family == "children" else record["child"]
    given: dict[str, Any] = {"seq": seq, "linked_child": f"linked-{child}"} | how
    return Held(**given)


def validated(family: str, record: Mapping[str, Any]) -> Any:
    """Through the contract, as everything that is kept has been."""
    posted = {name: value for name, value in record.items() if name != "held"}
    return BY_NAME[family].contract.model_validate(posted)


def fails_in_duckdb(rule: Rule, shown: Example) -> bool:
    with loaded(records_of(rule, shown)) as connection:
        (result,) = run(connection, [rule], TODAY).results
    assert result.status in (Status.PASS, Status.FAIL), result.why
    return result.status is Status.FAIL


def fails_at_the_door(rule: Rule, shown: Example) -> bool:
    records = records_of(rule, shown)
    broken = [
        failure.rule
        for family, record in records
        for failure in failures(family, BY_NAME[family].rows(validated(family, record)), TODAY)
    ]
    return rule in broken


def shown(examples: str) -> list[Any]:
    return [
        pytest.param(rule, one, id=f"{rule.code}-{number}")
        for rule in OVER_DATA
        for number, one in enumerate(getattr(rule, examples))
    ]


@pytest.mark.parametrize(("rule", "one"), shown("failing"))
def test_a_failing_example_fails(rule: Rule, one: Example) -> None:
    assert fails_in_duckdb(rule, one)
    assert not rule.at_the_door or fails_at_the_door(rule, one)


@pytest.mark.parametrize(("rule", "one"), shown("passing"))
def test_a_passing_example_passes(rule: Rule, one: Example) -> None:
    assert not fails_in_duckdb(rule, one)
    assert not rule.at_the_door or not fails_at_the_door(rule, one)


@pytest.mark.parametrize("rule", OVER_DATA, ids=lambda rule: rule.code)
def test_every_rule_shows_a_failing_and_a_passing_example(rule: Rule) -> None:
    assert rule.passing
    assert rule.failing or (not rule.at_the_door and rule.severity is Severity.REJECT)


@pytest.mark.parametrize("family", BY_NAME)
def test_an_example_record_breaks_no_rule(family: str) -> None:
    record = validated(family, changed(family, {}))
    assert list(failures(family, BY_NAME[family].rows(record), TODAY)) == []


@pytest.mark.parametrize(
    "rule", [rule for rule in rules() if rule.severity is Severity.REJECT], ids=lambda rule: rule.code
)
def test_a_rule_that_refuses_reads_only_the_record_the_lists_and_the_clock(rule: Rule) -> None:
    assert isinstance(rule.logic, Row | Codes | Shape)


@pytest.mark.parametrize(
    "predicate",
    [
        "lower(scn) = 'a'",
        "scn LIKE '1%'",
        "scn = (SELECT 1)",
        "date_of_birth + 1 > today()",
        "is_scn(scn, 9)",
        "flag('sexes', sex, 'is_tall')",
        "scn IS",
    ],
)
def test_a_predicate_that_the_engines_might_read_differently_is_refused(predicate: str) -> None:
    with pytest.raises(BadPredicate):
        parse(predicate, "children", "children")


class Read(dict[str, Any]):
    """A row that counts how often any row is read."""

    times = 0

    def __getitem__(self, name: str) -> Any:
        Read.times += 1
        return super().__getitem__(name)


LONG = 200
"""Items in each list; a record may hold five times as many."""


def day(number: int) -> str:
    return (date(2015, 1, 1) + timedelta(days=number)).isoformat()


def long_episode(legal_from: int, legal_days: int) -> dict[str, Any]:
    """As many secure placements, one after another, and orders of three measures, the first that many days on."""
    placed = [{"started_on": day(3 * n), "ended_on": day(3 * n + 3)} for n in range(LONG)]
    orders = [3 * n + legal_from for n in range(LONG)]
    return {
        "started_on": day(0),
        "placements": [{"id": f"pl-{n}", "type": "secure", **dates} for n, dates in enumerate(placed)],
        "legal_reasons": [
            {
                "id": f"lr-{n}",
                "legal_reason": "cso_away",
                "started_on": day(start),
                "ended_on": day(start + legal_days),
                "measures": ["a", "b", "e"],
            }
            for n, start in enumerate(orders)
        ],
    }


@pytest.mark.parametrize(("legal_from", "legal_days"), [(0, 3), (1, 0), (1, 1), (3 * LONG, 1), (0, 3 * LONG)])
def test_a_long_record_is_not_read_over_and_over(legal_from: int, legal_days: int) -> None:
    record = validated("care_episodes", changed("care_episodes", long_episode(legal_from, legal_days)))
    rows = {name: [Read(row) for row in held] for name, held in BY_NAME["care_episodes"].rows(record).items()}
    Read.times = 0
    list(failures("care_episodes", rows, TODAY))
    assert Read.times < 10 * LONG * LONG
