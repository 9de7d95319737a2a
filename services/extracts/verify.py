"""Whether a release is whole: what its manifest says of it, found again in its files."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from schemas.fields import Release as Leaving
from schemas.registry import TABLES
from services.extracts.content import columns_of, content_of, quoted
from services.extracts.release import (
    DATABASE,
    DICTIONARY,
    MANIFEST,
    PARQUET,
    described,
    files_of,
)
from services.extracts.shape import left_out

NEVER = {
    column.name for table in TABLES for column in table.columns if column.release is Leaving.DROP and not table.is_part
}
"""Columns that no table of a release may have: names, identifiers, addresses, workers and their kind."""
NEVER_IN = {table.name: set(left_out(table)) for table in TABLES}


def verify(folder: Path) -> list[str]:
    """What is wrong with a release, a sentence each; empty where nothing is."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return [*_files(folder, manifest), *_tables(folder, manifest)]
    except FileNotFoundError as error:
        return [f"There is no {Path(error.filename).name}."]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return [f"{MANIFEST} cannot be read."]


def _files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    listed = {file["path"]: file for file in manifest["files"]}
    found = {path.relative_to(folder).as_posix(): path for path in files_of(folder)}
    if folder.name != manifest["release_id"]:
        yield f"The folder is not called {manifest['release_id']}."
    yield from (f"{name} is missing." for name in sorted(listed.keys() - found.keys()))
    yield from (f"{name} is not listed in the manifest." for name in sorted(found.keys() - listed.keys()))
    for name in sorted(listed.keys() & found.keys()):
        if described(folder, found[name]) != listed[name]:
            yield f"{name} is not the file that the manifest lists."


def _tables(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    if not (folder / DATABASE).exists():
        return
    connection = duckdb.connect(":memory:")
    try:
        path = str(folder / DATABASE).replace("'", "''")
        connection.execute(f"ATTACH '{path}' AS held (READ_ONLY)")
        yield from _names(connection, manifest)
        for table in manifest["tables"]:
            yield from _table(connection, folder, table)
        yield from _dictionary(connection, folder)
    except duckdb.Error:
        yield f"{DATABASE} cannot be read."
    finally:
        connection.close()


def _names(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> Iterator[str]:
    listed = {table["name"] for table in manifest["tables"]}
    for name in sorted(listed ^ set(_held_tables(connection))):
        yield f"The table {name} is in one of {MANIFEST} and {DATABASE} only."


def _held_tables(connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'held' ORDER BY table_name"
    return [name for (name,) in connection.execute(query).fetchall()]


def _table(connection: duckdb.DuckDBPyConnection, folder: Path, listed: Mapping[str, Any]) -> Iterator[str]:
    name = listed["name"]
    columns = {column for column, _ in columns_of(connection, name, "held")}
    if not columns:
        return
    for forbidden in sorted(columns & (NEVER | NEVER_IN.get(name, set()))):
        yield f"{name}.{forbidden} may not leave in a release."
    content = content_of(connection, name, listed["key"], "held")
    if (content.rows, content.content_hash) != (listed["rows"], listed["content_hash"]):
        yield f"The table {name} does not hold what the manifest says."
    if not _same_in_parquet(connection, folder, name):
        yield f"The Parquet files of {name} do not hold what {DATABASE} does."


def _same_in_parquet(connection: duckdb.DuckDBPyConnection, folder: Path, name: str) -> bool:
    """Whether a table's Parquet files can be read and hold the rows that the table does, no more and no fewer."""
    files = str(folder / PARQUET / name / "*.parquet").replace("'", "''")
    table, parquet = f"FROM held.main.{quoted(name)}", f"FROM '{files}'"
    query = f"SELECT count(*) FROM (({table} EXCEPT ALL {parquet}) UNION ALL ({parquet} EXCEPT ALL {table}))"
    try:
        return connection.execute(query).fetchall() == [(0,)]
    except duckdb.Error:
        return False


def _dictionary(connection: duckdb.DuckDBPyConnection, folder: Path) -> Iterator[str]:
    with (folder / DICTIONARY).open(encoding="utf-8", newline="") as file:
        listed = {(row["table"], row["column"]) for row in csv.DictReader(file)}
    held = {(table, name) for table in _held_tables(connection) for name, _ in columns_of(connection, table, "held")}
    yield from (f"{table}.{name} is not in {DICTIONARY}." for table, name in sorted(held - listed))
    yield from (f"{table}.{name} is in {DICTIONARY} only." for table, name in sorted(listed - held))
