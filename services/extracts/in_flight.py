"""Files in flight: what was read from them, in a workspace, against the typed contract of each table."""

from collections.abc import Iterator

import duckdb
import polars as pl

from quality.catalogue import code_rule
from quality.workspace import HELD
from schemas.frames import problems
from schemas.registry import TABLES
from schemas.tables import Table

ROWS_AT_ONCE = 100_000


def frame_problems(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What is wrong with the types, keys, gaps and codes of a workspace's tables, a sentence each, without values."""
    cursor = connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    return list(dict.fromkeys(problem for table in TABLES for problem in _problems(cursor, table)))


def _problems(connection: duckdb.DuckDBPyConnection, table: Table) -> Iterator[str]:
    """Some rows at a time, and so a key that stands twice is seen where both are near."""
    for batch in connection.execute(f"SELECT * FROM {table.name}").to_arrow_reader(ROWS_AT_ONCE):
        rows = pl.from_arrow(batch)
        assert isinstance(rows, pl.DataFrame)
        yield from problems(table, rows, held=HELD, rules=dict(_rules(table)))


def _rules(table: Table) -> Iterator[tuple[tuple[str, str], str]]:
    for column in table.columns:
        rule = code_rule(table.family, table.name, column.name) if column.codelist else None
        if rule:
            yield (table.name, column.name), rule.code
