"""The door's closures and DuckDB give one verdict on every row, for every row rule and every way to count."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quality.catalogue import door_rules
from quality.door import failures
from quality.predicate import parse
from quality.run import Status, run
from quality.scope import FEW, Scope
from quality.sql import reads
from quality.workspace import Held, arrow_schema, create, fill
from schemas.record import Family
from schemas.registry import BY_NAME, FAMILIES
from schemas.tables import Row
from tests.property.drawn import Drawn

RECORDS = 150
TODAYS = (date(2026, 1, 15), date(2024, 2, 29), date(2025, 12, 31))

Records = Sequence[Mapping[str, Sequence[Row]]]
Verdicts = set[tuple[str, str, str]]
"""(rule, record, pointer) of each failure."""


def drawn(family: Family, seed: int) -> Records:
    values = Drawn(seed)
    return [values.record(family) for _ in range(RECORDS)]


def by_closures(family: Family, records: Records, today: date) -> Verdicts:
    return {
        (failure.rule.code, str(seq), failure.pointer)
        for seq, rows in enumerate(records)
        for failure in failures(family.name, rows, today)
    }


def by_duckdb(family: Family, records: Records, today: date) -> Verdicts:
    with duckdb.connect() as connection:
        load(connection, family, records)
        done = run(connection, door_rules(family.name), today)
        assert [result.why for result in done.crashed] == []
        return set(connection.execute("SELECT rule, record_key, pointer FROM failure").fetchall())


def load(connection: duckdb.DuckDBPyConnection, family: Family, records: Records) -> None:
    create(connection, [family])
    for table in family.tables:
        stamped = [stamp(seq, table.is_part) | row for seq, rows in enumerate(records) for row in rows[table.name]]
        fill(connection, table, pa.Table.from_pylist(stamped, schema=arrow_schema(table)))


def stamp(seq: int, is_part: bool) -> dict[str, Any]:
    kept_at = datetime(2025, 12, 1, tzinfo=UTC)
    return {"seq": seq} if is_part else asdict(Held(seq, "S12000038", "a-source", str(seq), 1, kept_at, None))


EPISODES = drawn(BY_NAME["care_episodes"], seed=1)


@pytest.mark.parametrize("few", [FEW, 0], ids=["one by one", "in order"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), today=st.sampled_from(TODAYS))
def test_closures_and_duckdb_agree(family: Family, seed: int, today: date, few: int) -> None:
    records = drawn(family, seed)
    with patch("quality.scope.FEW", few):
        told = by_closures(family, records, today)
    assert sorted(told ^ by_duckdb(family, records, today)) == []


@pytest.mark.parametrize("settled", ["= 0", "<> 0", "> 0", ">= 2", "< 2", "<= 1", "= 1"])
@pytest.mark.parametrize(
    "condition",
    [
        "started_on < item.ended_on",
        "item.ended_on <= started_on",
        "ended_on >= days_after(item.started_on, -28)",
        "ended_on IS NULL OR ended_on > item.started_on",
        "item.ended_on IS NULL OR item.ended_on < started_on",
        "ended_on IS NULL OR ended_on < item.ended_on",
        "ended_on IS NULL OR started_on > item.ended_on",
        "NOT ended_on IS NULL OR ended_on > item.ended_on",
        "ended_on = item.started_on AND (carer <> item.carer AND started_on <= item.started_on)",
        "item.carer = carer AND type = item.type",
        "item.started_on < item.ended_on AND started_on < ended_on",
        "item.type = 'secure' OR type = 'secure'",
        "item.position > position AND flag('placement_types', type, 'is_foster')",
        "item_count('legal_reasons', started_on <= item.started_on) > 1 AND started_on < item.started_on",
        "started_on < record.ended_on AND started_on >= record.started_on",
    ],
)
def test_a_count_is_the_same_however_its_items_are_found(condition: str, settled: str) -> None:
    assert_true_of_the_same_placements(f"item_count('placements', {condition}) {settled}")


@pytest.mark.parametrize(
    "condition",
    [
        "started_on BETWEEN record.started_on AND record.ended_on",
        "NOT started_on BETWEEN record.started_on AND record.ended_on",
        "NOT (ended_on BETWEEN record.ended_on AND started_on)",
        "ended_on BETWEEN started_on AND record.ended_on",
    ],
)
def test_a_range_with_a_limit_that_is_null_is_the_same(condition: str) -> None:
    assert_true_of_the_same_placements(condition)


def assert_true_of_the_same_placements(condition: str) -> None:
    family, table, today = BY_NAME["care_episodes"], "care_episodes_placements", TODAYS[0]
    predicate, records = parse(condition, family.name, table), EPISODES
    closure = predicate.closure()
    with patch("quality.scope.FEW", 0):
        told = {
            (seq, row["position"])
            for seq, rows in enumerate(records)
            for row in rows[table]
            if closure(Scope(row, rows[family.name][0], rows, today)) is True
        }
    with duckdb.connect() as connection:
        load(connection, family, records)
        where = predicate.sql(today, "seq")
        query = f"SELECT seq, item.position FROM {table} AS item JOIN {family.name} AS record USING (seq) WHERE {where}"
        assert set(connection.execute(query).fetchall()) == told


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_drawn_records_break_most_rules_and_keep_them_too(family: Family) -> None:
    """Else agreement would say little."""
    verdicts = by_closures(family, drawn(family, seed=1), TODAYS[0])
    broken = {code for code, _, _ in verdicts}
    told_apart = [rule for rule in door_rules(family.name) if rule.code in broken]
    assert len(told_apart) >= 0.8 * len(door_rules(family.name))


def test_where_a_rule_crashes_the_others_of_its_table_tell_what_they_told() -> None:
    family, table, column = BY_NAME["care_episodes"], "care_episodes_placements", "with_siblings"
    reading = {rule.code for rule in door_rules(family.name) if (table, column) in set(reads(rule))}
    with duckdb.connect() as connection:
        load(connection, family, drawn(family, 1))
        told = [_told(connection, family) for _ in range(2)]
        connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        told.append(_told(connection, family))
    assert told[0] == told[1] and len([code for code in told[0] if told[0][code][0] is Status.FAIL]) > 20
    assert {code for code, (status, _, _) in told[2].items() if status is Status.CRASHED} == reading != set()
    assert {code: one for code, one in told[2].items() if code not in reading} == {
        code: one for code, one in told[0].items() if code not in reading
    }


def _told(connection: duckdb.DuckDBPyConnection, family: Family) -> Mapping[str, tuple[Status, int | None, list[Any]]]:
    """What a run says of each rule, and every place that it found."""
    results = run(connection, door_rules(family.name), TODAYS[0]).results
    places = "SELECT record_key, pointer FROM failure WHERE rule = ? ORDER BY ALL"
    found = {one.rule.code: connection.execute(places, [one.rule.code]).fetchall() for one in results}
    assert all(one.failed in (None, len(found[one.rule.code])) for one in results)
    return {one.rule.code: (one.status, one.denominator, found[one.rule.code]) for one in results}
