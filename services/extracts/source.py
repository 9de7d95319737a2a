"""The one bulk reader beside the store: its records, as at an instant, into DuckDB.

SQLite is read with Python's own driver, PostgreSQL through ADBC as the role
kith_reader, each in one snapshot. Facts and links are those received by then.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import duckdb
import pyarrow as pa
from sqlalchemy import make_url

from quality.catalogue import before
from quality.workspace import DUCKDB_TYPES, create, earlier_kinds, kinds
from schemas.record import Family
from schemas.registry import FAMILIES, TABLES
from schemas.tables import Table
from services.extracts.shape import child_column

ROWS_AT_ONCE = 50_000
READER_ROLE = "kith_reader"
SQLITE_ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "boolean": pa.int64(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "instant": pa.string(),
    "date": pa.string(),
}
"""What SQLite holds of each kind; instants are text in UTC."""


class Reader(Protocol):
    """A store opened for bulk reading."""

    def rows(self, query: str, kinds: Mapping[str, str]) -> pa.RecordBatchReader:
        """The rows of a query whose columns are of these kinds."""
        ...

    def instant(self, at: datetime) -> str:
        """SQL for an instant."""
        ...

    def value(self, column: str, kind: str) -> str:
        """DuckDB SQL for a column of what `rows` gave, as its proper type."""
        ...


class SqliteReader:
    """An SQLite store."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self.connection.execute("BEGIN")

    def rows(self, query: str, kinds: Mapping[str, str]) -> pa.RecordBatchReader:
        schema = pa.schema([(name, SQLITE_ARROW[kind]) for name, kind in kinds.items()])
        return pa.RecordBatchReader.from_batches(schema, self._batches(query, schema))

    def instant(self, at: datetime) -> str:
        return f"'{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"

    def value(self, column: str, kind: str) -> str:
        held = f"{column} || '+00'" if kind == "instant" else column
        return f"CAST({held} AS {DUCKDB_TYPES[kind]})"

    def close(self) -> None:
        self.connection.close()

    def _batches(self, query: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        cursor = self.connection.execute(query)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            columns = zip(*rows, strict=True)
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


class PostgresReader:
    """A PostgreSQL store."""

    def __init__(self, url: str) -> None:
        from adbc_driver_postgresql import dbapi

        self.connection = dbapi.connect(url)
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.cursor.execute(f"SET LOCAL ROLE {READER_ROLE}")

    def rows(self, query: str, kinds: Mapping[str, str]) -> pa.RecordBatchReader:
        self.cursor.execute(query)
        return self.cursor.fetch_record_batch()

    def instant(self, at: datetime) -> str:
        return _instant(at)

    def value(self, column: str, kind: str) -> str:
        return f"CAST({column} AS {DUCKDB_TYPES[kind]})"

    def close(self) -> None:
        self.cursor.close()
        self.connection.close()


@contextmanager
def reader_of(store_url: str) -> Iterator[Any]:
    """A reader of the store at an SQLAlchemy URL, in one snapshot."""
    url = make_url(store_url)
    reader: Any
    if url.get_backend_name() == "sqlite":
        reader = SqliteReader(url.database or "")
    else:
        reader = PostgresReader(url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        yield reader
    finally:
        reader.close()


def load(
    reader: Reader,
    connection: duckdb.DuckDBPyConnection,
    as_at: datetime,
    each: Callable[[Table], None] = lambda table: None,
) -> None:
    """Fill the workspace's tables with what was held at an instant; `each` is called after every table."""
    create(connection, FAMILIES)
    for table in TABLES:
        _append(connection, table.name, reader, _query(table, reader.instant(as_at)), kinds(table))
        each(table)
    _load_sealed(reader, connection, as_at)


def _load_sealed(reader: Reader, connection: duckdb.DuckDBPyConnection, as_at: datetime) -> None:
    """Fill a table `sealed` with the children whose identity had changed by then, a later correction or not."""
    connection.execute("CREATE OR REPLACE TABLE sealed (child VARCHAR)")
    changed = f"how = 'identity_change' AND received_at <= {reader.instant(as_at)}"
    query = f"SELECT DISTINCT child FROM link WHERE {changed} ORDER BY child"
    _append(connection, "sealed", reader, query, {"child": "text"})


def store_queries(as_at: datetime) -> dict[str, str]:
    """PostgreSQL's SQL, by table, for the rows that the workspace holds of it."""
    return {table.name: _query(table, _instant(as_at)) for table in TABLES}


def load_earlier(reader: Reader, connection: duckdb.DuckDBPyConnection, as_at: datetime) -> None:
    """Fill the workspace with what records had said before an instant, as far as a rule looks back."""
    for family in FAMILIES:
        columns = earlier_kinds(family)
        if columns:
            _append(connection, before(family.name), reader, _earlier(family, columns, reader.instant(as_at)), columns)


def _earlier(family: Family, columns: Mapping[str, str], as_at: str) -> str:
    named = ", ".join(map(_quoted, columns))
    return f"SELECT DISTINCT {named} FROM {family.name} WHERE superseded_at <= {as_at} ORDER BY {named}"


def erased_since(reader: Reader, as_at: datetime) -> dict[str, int]:
    """How many records of each family were held at an instant and have been erased since."""
    at, key = reader.instant(as_at), "source_agency, source, family, source_id"
    graves = f"SELECT DISTINCT {key} FROM tombstone WHERE erased_at > {at}"
    last = (
        f"SELECT {key}, max(version) AS version FROM journal JOIN ({graves}) AS graves USING ({key})"
        f" WHERE received_at <= {at} GROUP BY {key}"
    )
    query = (
        f"SELECT family, count(*) AS records FROM ({last}) AS latest JOIN journal USING ({key}, version)"
        f" JOIN tombstone USING ({key}) WHERE op = 'put' AND erased_at > {at}"
        " AND version BETWEEN first_version AND last_version GROUP BY family"
    )
    found = reader.rows(query, {"family": "text", "records": "integer"}).read_all().to_pylist()
    counted = {row["family"]: row["records"] for row in found}
    return {family.name: counted.get(family.name, 0) for family in FAMILIES}


def load_sources(reader: Reader, connection: duckdb.DuckDBPyConnection) -> None:
    """Fill a table `source` (name, agency, live_from)."""
    columns = {"name": "text", "agency": "text", "live_from": "date"}
    connection.execute("CREATE OR REPLACE TABLE source (name VARCHAR, agency VARCHAR, live_from DATE)")
    _append(connection, "source", reader, "SELECT name, agency, live_from FROM source ORDER BY name", columns)


def load_sign_offs(reader: Reader, connection: duckdb.DuckDBPyConnection, as_at: datetime) -> None:
    """Fill a table `sign_off` (source_agency, family, covers_from, covers_to) with what was signed at an instant."""
    columns = {"source_agency": "text", "family": "text", "covers_from": "date", "covers_to": "date"}
    made = ", ".join(f"{name} {DUCKDB_TYPES[kind]}" for name, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE sign_off ({made})")
    at = reader.instant(as_at)
    query = (
        f"SELECT DISTINCT {', '.join(columns)} FROM sign_off JOIN sign_off_holding USING (sign_off) "
        f"WHERE signed_at <= {at} AND (reopened_at IS NULL OR reopened_at > {at})"
    )
    _append(connection, "sign_off", reader, query, columns)


def about(reader: Reader, name: str) -> str | None:
    """What the store says of itself under that name."""
    query = f"SELECT value FROM about WHERE name = '{name}'"
    found = reader.rows(query, {"value": "text"}).read_all().to_pylist()
    return found[0]["value"] if found else None


def _instant(at: datetime) -> str:
    return f"TIMESTAMPTZ '{at.astimezone(UTC).isoformat()}'"


def _append(
    connection: duckdb.DuckDBPyConnection, table: str, reader: Reader, query: str, columns: Mapping[str, str]
) -> None:
    values = ", ".join(f'{reader.value(_quoted(name), kind)} AS "{name}"' for name, kind in columns.items())
    connection.register("incoming", reader.rows(query, columns))
    connection.execute(f"INSERT INTO {table} BY NAME SELECT {values} FROM incoming")
    connection.unregister("incoming")


def _query(table: Table, as_at: str) -> str:
    """SQL, on either database, for a table's rows in the workspace's columns."""
    current = f"record.kept_at <= {as_at} AND (record.superseded_at IS NULL OR record.superseded_at > {as_at})"
    columns = ", ".join(_selected(table))
    if table.is_part:
        joined = f"{table.name} AS item JOIN {table.family} AS record ON record.seq = item.seq"
        return f"SELECT {columns} FROM {joined} WHERE {current}"
    return f"SELECT {columns} FROM {table.name} AS record {_link(table, as_at)} WHERE {current}"


def _selected(table: Table) -> Iterator[str]:
    alias = "item" if table.is_part else "record"
    linked = "link.child" if child_column(table) else "CAST(NULL AS TEXT)"
    for name in kinds(table):
        yield f"{linked} AS linked_child" if name == "linked_child" else f"{alias}.{_quoted(name)}"


def _link(table: Table, as_at: str) -> str:
    """The join to the link of a record's child; a family that is about no child has none."""
    own_id = child_column(table)
    if not own_id:
        return ""
    return (
        f"LEFT JOIN link ON link.source_agency = record.source_agency AND link.source = record.source "
        f"AND link.source_id = record.{own_id} AND link.received_at <= {as_at} "
        f"AND (link.superseded_at IS NULL OR link.superseded_at > {as_at})"
    )


def _quoted(name: str) -> str:
    return f'"{name}"'
