"""What is known of each record of a release: its pseudonyms, its restriction, whether it is withheld.

The strictest restriction on any record of a child governs them all. A children
record whose identity changed, and all that its source holds of that child, are
never released, a later correction notwithstanding. A record whose child has not
arrived is, without a child_id.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from schemas.codelists import code_list
from schemas.registry import FAMILIES
from schemas.tables import Table
from services.extracts import life_days, pseudonyms, shape
from services.extracts.pseudonyms import looked_up
from services.extracts.shape import ReleaseTable, child_column, child_message, record_message

SUBJECT = (
    "coalesce('child' || chr(31) || linked_child,"
    " 'own' || chr(31) || source_agency || chr(31) || source || chr(31) || own_id)"
)
"""Whom a record is about: the linked child, else the source's own."""


@dataclass(frozen=True)
class Withheld:
    """Records held at the instant but not released, or released without their child, by family."""

    identity_change: dict[str, int]
    waiting: dict[str, int]


def make(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Make the tables `spine` and `pseudonym` from a filled workspace."""
    _held(connection)
    _judged(connection)
    pseudonyms.make(connection, key, _messages())
    record_id, child_id = looked_up(record_message("spine.family", "spine.source_id")), looked_up(child_message())
    life_days.make(connection)
    told = "life_day.life_on, life_day.told_on"
    joined = "spine LEFT JOIN life_day ON life_day.seq = spine.seq"
    known = f"SELECT spine.*, {record_id} AS record_id, {child_id} AS child_id, {told} FROM {joined} ORDER BY spine.seq"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE spine AS {known}")


def withheld(connection: duckdb.DuckDBPyConnection) -> Withheld:
    waiting = "own_id IS NOT NULL AND linked_child IS NULL AND NOT is_changed"
    return Withheld(_counted(connection, "is_changed"), _counted(connection, waiting))


def rows_of(table: ReleaseTable) -> str:
    """SQL for a release table's rows, in the order of their key."""
    assert table.origin is not None
    columns = ", ".join(f"{column.value} AS {column.name}" for column in table.columns)
    return f"SELECT {columns} FROM {_released(table.origin)} ORDER BY {', '.join(table.key)}"


def _released(table: Table) -> str:
    return f"{table.name} AS item JOIN spine ON spine.seq = item.seq AND NOT spine.is_changed"


def _held(connection: duckdb.DuckDBPyConnection) -> None:
    records = " UNION ALL ".join(_records(family.tables[0]) for family in FAMILIES)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE held AS SELECT records.*, {SUBJECT} AS subject FROM ({records}) AS records"
    )


def _records(table: Table) -> str:
    own_id = child_column(table) or "NULL"
    columns = f"seq, source_agency, source, source_id, linked_child, CAST({own_id} AS VARCHAR) AS own_id, restricted"
    return f"SELECT '{table.name}' AS family, {columns} FROM {table.name}"


def _judged(connection: duckdb.DuckDBPyConnection) -> None:
    """The records with whether they are restricted, by any record of the same child, and withheld."""
    hiding = ", ".join(f"'{code}'" for code in sorted(code_list("restrictions").flagged("hides_places")))
    changed = "SELECT source_agency, source, source_id FROM children WHERE identity_change IS NOT NULL"
    restricted = f"coalesce(held.restricted, '') IN ({hiding})"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE spine AS SELECT held.* EXCLUDE (restricted, subject),"
        f" coalesce(bool_or({restricted}) OVER (PARTITION BY coalesce(held.subject, CAST(held.seq AS VARCHAR))), false)"
        f" AS is_restricted, changed.source_id IS NOT NULL OR coalesce(held.linked_child IN (FROM sealed), false)"
        f" AS is_changed"
        f" FROM held LEFT JOIN ({changed}) AS changed ON changed.source_agency = held.source_agency"
        f" AND changed.source = held.source AND changed.source_id = held.own_id"
    )


def _messages() -> Iterator[str]:
    """Queries for everything that a pseudonym is needed for."""
    yield f"SELECT {record_message('spine.family', 'spine.source_id')} FROM spine"
    yield f"SELECT {child_message()} FROM spine"
    for table in shape.release_tables():
        assert table.origin is not None
        yield from (f"SELECT {c.message} FROM {_released(table.origin)}" for c in table.columns if c.message)


def _counted(connection: duckdb.DuckDBPyConnection, condition: str) -> dict[str, int]:
    counted = connection.execute(f"SELECT family, count(*) FROM spine WHERE {condition} GROUP BY family").fetchall()
    found = dict(counted)
    return {family.name: found.get(family.name, 0) for family in FAMILIES}
