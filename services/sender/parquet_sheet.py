"""Reading Parquet as a sheet: every cell as the text that a CSV of the same rows has."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from services.sender.sheets import NotASheet, Rows

ROWS_AT_ONCE = 5_000
INSTANT = "TIMESTAMP WITH TIME ZONE"
PLAIN = (
    *("VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP_NS", "FLOAT", "DOUBLE", "TINYINT", "SMALLINT", "INTEGER"),
    *("BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
)
WRITTEN: Mapping[str, str] = {
    INSTANT: "strftime({}, '%Y-%m-%dT%H:%M:%S.%f+00:00')",
    **dict.fromkeys(PLAIN, "CAST({} AS VARCHAR)"),
}
"""DuckDB SQL for a column's text, by its type. An instant without an offset is written as it is, and so refused."""


def rows_of(path: Path) -> tuple[list[str], Rows]:
    """The columns' names, and each row with its number, from 1; of a folder, its files by name. Raises NotASheet."""
    files = [str(file) for file in (sorted(path.glob("*.parquet")) if path.is_dir() else [path])]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    try:
        columns = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [files]).fetchall()
    except duckdb.Error:
        raise NotASheet("the file cannot be read as Parquet", "write it as Parquet again") from None
    written = [_written(name, kind) for name, kind, *_ in columns]
    query = connection.execute(f"SELECT {', '.join(written)} FROM read_parquet(?)", [files])
    return [name for name, *_ in columns], _rows(query, [name for name, *_ in columns])


def _rows(query: duckdb.DuckDBPyConnection, names: list[str]) -> Rows:
    number = 0
    while some := query.fetchmany(ROWS_AT_ONCE):
        for cells in some:
            number += 1
            yield number, dict(zip(names, cells, strict=True))


def _written(name: str, kind: str) -> str:
    if kind not in WRITTEN:
        raise NotASheet(f"the column {name} holds {kind}", "one value a cell; lists go in files of their own")
    quoted = '"' + name.replace('"', '""') + '"'
    return f"coalesce({WRITTEN[kind].format(quoted)}, '')"
