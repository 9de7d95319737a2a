"""The DuckDB tables that rules run over: those of schemas.tables, with how each record is held.

Beside a family whose rules look back stands a table of what its records said before.
Filled from records in memory (`add_records`), or by extracts.source from a store.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from quality.catalogue import RECORD_KEY, before, steady_columns
from schemas.record import Family, Record
from schemas.registry import FAMILIES
from schemas.tables import Row, Table

MEMORY = "384MB"
"""What DuckDB may keep in memory of a workspace; Python and Arrow come on top."""
DUCKDB_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "instant": "TIMESTAMPTZ",
    "date": "DATE",
}
ARROW_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "instant": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}
HELD: Mapping[str, str] = {
    "seq": "integer",
    "source_agency": "text",
    "source": "text",
    "source_id": "text",
    "version": "integer",
    "kept_at": "instant",
    "linked_child": "text",
}
"""How a record is held: its place in the journal, whose it is, and the child it is linked to."""


@dataclass(frozen=True)
class Held:
    """One record with how it is held; fields as HELD says."""

    seq: int
    source_agency: str
    source: str
    source_id: str
    version: int
    kept_at: datetime
    linked_child: str | None


@contextmanager
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    """A workspace that keeps to MEMORY; what is more lies in a folder that nobody else may read, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kith-") as folder:
        connection = duckdb.connect(Path(folder) / "workspace.duckdb", config={"memory_limit": MEMORY})
        try:
            yield connection
        finally:
            connection.close()


def kinds(table: Table) -> dict[str, str]:
    """A table's columns in the workspace, each with its kind."""
    held = {"seq": "integer", **dict.fromkeys(table.keys, "integer")} if table.is_part else dict(HELD)
    return held | {column.name: column.kind for column in table.columns}


def create(connection: duckdb.DuckDBPyConnection, families: Sequence[Family] = FAMILIES) -> None:
    """Make the tables of every family, empty."""
    for table in (table for family in families for table in family.tables):
        columns = ", ".join(f'"{name}" {DUCKDB_TYPES[kind]}' for name, kind in kinds(table).items())
        connection.execute(f"CREATE OR REPLACE TABLE {table.name} ({columns})")
    for family in families:
        columns = ", ".join(f"{name} {DUCKDB_TYPES[kind]}" for name, kind in earlier_kinds(family).items())
        if columns:
            connection.execute(f"CREATE OR REPLACE TABLE {before(family.name)} ({columns})")


def earlier_kinds(family: Family) -> dict[str, str]:
    """The columns of what a family's records said before, each with its kind; empty where no rule looks back."""
    looked_at = steady_columns(family.name)
    held = kinds(family.tables[0])
    return {name: held[name] for name in (*RECORD_KEY, *looked_at)} if looked_at else {}


def arrow_schema(table: Table) -> pa.Schema:
    return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in kinds(table).items()])


def fill(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table | pa.RecordBatchReader) -> None:
    """Append rows to a table, by name."""
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM incoming")
    connection.unregister("incoming")


def add_records(connection: duckdb.DuckDBPyConnection, family: Family, records: Iterable[tuple[Held, Record]]) -> None:
    """Append records of one family to its tables."""
    gathered: dict[str, list[Row]] = {table.name: [] for table in family.tables}
    for held, record in records:
        for name, row in _held_rows(family, held, record):
            gathered[name].append(row)
    for table in (table for table in family.tables if gathered[table.name]):
        fill(connection, table, pa.Table.from_pylist(gathered[table.name], schema=arrow_schema(table)))


def add_earlier(connection: duckdb.DuckDBPyConnection, family: Family, records: Iterable[tuple[Held, Record]]) -> None:
    """Append what records of one family said before, as far as a rule looks back."""
    columns = earlier_kinds(family)
    for held, record in records if columns else ():
        (row,) = (row for name, row in _held_rows(family, held, record) if name == family.name)
        marks = ", ".join("?" for _ in columns)
        connection.execute(f"INSERT INTO {before(family.name)} VALUES ({marks})", [row[name] for name in columns])


def _held_rows(family: Family, held: Held, record: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, rows in family.rows(record).items():
        stamp: dict[str, Any] = asdict(held) if name == family.name else {"seq": held.seq}
        yield from ((name, stamp | row) for row in rows)
