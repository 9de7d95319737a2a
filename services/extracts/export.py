"""A release's tables as files: the DuckDB file's words about itself, and Parquet."""

from pathlib import Path

import duckdb

from services.extracts.release import PARQUET
from services.extracts.shape import ReleaseTable

STORAGE_VERSION = "v1.2.0"
"""DuckDB 1.2 and later open the file."""


def attach(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Make the release's DuckDB file and attach it as `release`."""
    connection.execute(f"ATTACH {_text(str(database))} AS release (STORAGE_VERSION '{STORAGE_VERSION}')")


def comment(connection: duckdb.DuckDBPyConnection, table: ReleaseTable, notice: str) -> None:
    """Say in the DuckDB file what the table and each of its columns are."""
    named = f"release.main.{table.name}"
    connection.execute(f"COMMENT ON TABLE {named} IS {_text(f'{notice} {table.description}')}")
    for column in table.columns:
        connection.execute(f"COMMENT ON COLUMN {named}.{column.name} IS {_text(column.description)}")


def write_parquet(connection: duckdb.DuckDBPyConnection, table: ReleaseTable, folder: Path, notice: str) -> None:
    """Write a table of the attached release, ordered, so that the same rows give the same bytes."""
    path = folder / PARQUET / table.name / "0.parquet"
    path.parent.mkdir(parents=True)
    said = f"{{notice: {_text(notice)}, description: {_text(table.description)}}}"
    connection.execute(
        f"COPY (SELECT * FROM release.main.{table.name} ORDER BY {', '.join(table.key)})"
        f" TO {_text(str(path))} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {said})"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
