"""A table's content hash: the same for the same rows, whatever wrote the file or reads it.

SHA-256 over the column names and kinds, then the rows in the order of the key;
every value is a netstring (its length in bytes, a colon, the value, a
semicolon) of its text, and an absent one is `n;`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

ROWS_AT_ONCE = 20_000
TEXTS = {
    "VARCHAR": "{0}",
    "BOOLEAN": "CASE WHEN {0} THEN 'true' ELSE 'false' END",
    "BIGINT": "CAST({0} AS VARCHAR)",
    "DOUBLE": "printf('%.17g', {0})",
    "TIMESTAMP": "strftime({0}, '%Y-%m-%dT%H:%M:%S.%f')",
    "DATE": "strftime({0}, '%Y-%m-%d')",
}
"""By DuckDB type, the SQL of a value's text."""


@dataclass(frozen=True)
class Content:
    """A table of a release: how many rows, and their hash."""

    name: str
    rows: int
    content_hash: str


def content_of(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], database: str) -> Content:
    """The content of a table in an attached database."""
    held = columns_of(connection, table, database)
    digest = hashlib.sha256("".join(f"{name} {kind}\n" for name, kind in held).encode())
    row = " || ".join(_netstring(quoted(name), kind) for name, kind in held)
    query = f"SELECT {row} FROM {database}.main.{quoted(table)} ORDER BY {', '.join(map(quoted, key))}"
    found, rows = connection.execute(query), 0
    while some := found.fetchmany(ROWS_AT_ONCE):
        rows += len(some)
        digest.update("".join(text for (text,) in some).encode())
    return Content(table, rows, digest.hexdigest())


def coverage_in(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, dict[str, int | str]]]:
    """By family, agency and year: how many records, or that the agency has not submitted the year: signed it off."""
    query = f"SELECT family, source_agency, year, is_submitted, records FROM {database}.main.coverage ORDER BY ALL"
    found: dict[str, dict[str, dict[str, int | str]]] = {}
    for family, agency, year, is_submitted, records in connection.execute(query).fetchall():
        by_year = found.setdefault(family, {}).setdefault(agency, {})
        by_year[year] = records if is_submitted else "not submitted"
    return found


def quoted(name: str) -> str:
    """A name as SQL, whatever is in it: that of a table may come from a manifest that nobody has vouched for."""
    return '"' + name.replace('"', '""') + '"'


def columns_of(connection: duckdb.DuckDBPyConnection, table: str, database: str) -> list[tuple[str, str]]:
    """A table's columns in their order, each with its DuckDB type."""
    query = (
        "SELECT column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = 'main' AND table_name = ? ORDER BY column_index"
    )
    return connection.execute(query, [database, table]).fetchall()


def _netstring(name: str, kind: str) -> str:
    text = TEXTS[kind].format(name)
    return f"CASE WHEN {name} IS NULL THEN 'n;' ELSE strlen({text}) || ':' || {text} || ';' END"
