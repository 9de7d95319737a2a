"""Whether a release is whole: what its manifest says of it, found again in its files."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from schemas.fields import Release as Leaving
from schemas.registry import TABLES
from services.extracts.content import TEXTS, columns_of, content_of, coverage_in, quoted
from services.extracts.release import (
    DATABASE,
    DICTIONARY,
    MANIFEST,
    PARQUET,
    described,
    facts_of,
    files_of,
    release_id_of,
)
from services.extracts.shape import left_out

NEVER = {
    column.name for table in TABLES for column in table.columns if column.release is Leaving.DROP and not table.is_part
}
"""Columns that no table of a release may have: names, identifiers, addresses, workers and their kind."""
NEVER_IN = {table.name: set(left_out(table)) for table in TABLES}


OWN = {"release_id", "created_at", "tables", "files", "revisions", "coverage", "gate"}
"""What the manifest alone tells; everything else the table `about` tells too."""
HELD = """
    SELECT 'table', schema_name, table_name FROM duckdb_tables() WHERE database_name = 'held'
    UNION ALL SELECT 'view', schema_name, view_name FROM duckdb_views() WHERE database_name = 'held' AND NOT internal
    UNION ALL SELECT 'macro', schema_name, function_name FROM duckdb_functions()
        WHERE database_name = 'held' AND NOT internal
    UNION ALL SELECT 'sequence', schema_name, sequence_name FROM duckdb_sequences() WHERE database_name = 'held'
    UNION ALL SELECT 'type', schema_name, type_name FROM duckdb_types() WHERE database_name = 'held' AND NOT internal
    ORDER BY ALL
"""
"""Everything that a DuckDB file holds: what it is, in which schema, its name."""


def verify(folder: Path) -> list[str]:
    """What is wrong with a release, a sentence each; empty where nothing is."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return [*_files(folder, manifest), *_name(folder, manifest), *_tables(folder, manifest)]
    except FileNotFoundError as error:
        return [f"There is no {Path(error.filename).name}."]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [f"{MANIFEST} cannot be read."]


def _name(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """The release's id follows from its instant and content; the folder is called so."""
    hashes = ((table["name"], table["content_hash"]) for table in manifest["tables"])
    if manifest["release_id"] != release_id_of(datetime.fromisoformat(manifest["as_at"]), hashes):
        yield f"{MANIFEST} has a release_id that does not follow from its as_at and content hashes."
    if folder.name != manifest["release_id"]:
        yield f"The folder is not called {manifest['release_id']}."


def _files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    listed = {file["path"]: file for file in manifest["files"]}
    found = {path.relative_to(folder).as_posix(): path for path in files_of(folder)}
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
        yield from _facts(connection, manifest)
        yield from _dictionary(connection, folder)
    except duckdb.Error:
        yield f"{DATABASE} cannot be read."
    finally:
        connection.close()


def _names(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> Iterator[str]:
    listed = {table["name"] for table in manifest["tables"]}
    held = connection.execute(HELD).fetchall()
    for kind, schema, name in held:
        if (kind, schema) != ("table", "main") or name not in listed:
            yield f"{DATABASE} holds a {kind} {schema}.{name} that {MANIFEST} does not list."
    for name in sorted(listed - {name for kind, schema, name in held if (kind, schema) == ("table", "main")}):
        yield f"{DATABASE} does not hold the table {name} that {MANIFEST} lists."


def _table(connection: duckdb.DuckDBPyConnection, folder: Path, listed: Mapping[str, Any]) -> Iterator[str]:
    name = listed["name"]
    kinds = dict(columns_of(connection, name, "held"))
    if not kinds:
        return
    for forbidden in sorted(kinds.keys() & (NEVER | NEVER_IN.get(name, set()))):
        yield f"{name}.{forbidden} may not leave in a release."
    unable = list(_unable(listed, kinds))
    yield from unable or _content(connection, listed)
    if not _same_in_parquet(connection, folder, name):
        yield f"The Parquet files of {name} do not hold what {DATABASE} does."


def _unable(listed: Mapping[str, Any], kinds: Mapping[str, str]) -> Iterator[str]:
    """Why a table's content cannot be hashed."""
    for column in sorted(set(listed["key"]) - kinds.keys()):
        yield f"{MANIFEST} has {column} in the key of {listed['name']}, which has no such column."
    for column, kind in kinds.items():
        if kind not in TEXTS:
            yield f"{listed['name']}.{column} is {kind}, which no column of a release is."


def _content(connection: duckdb.DuckDBPyConnection, listed: Mapping[str, Any]) -> Iterator[str]:
    content = content_of(connection, listed["name"], listed["key"], "held")
    if (content.rows, content.content_hash) != (listed["rows"], listed["content_hash"]):
        yield f"The table {listed['name']} does not hold what the manifest says."


def _facts(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> Iterator[str]:
    """The manifest's facts against the tables that tell the same, which the content hashes cover."""
    told = set(facts_of({name: value for name, value in manifest.items() if name not in OWN}))
    held = set(connection.execute("SELECT name, value FROM held.main.about").fetchall())
    for name in sorted({name.partition(".")[0] for name, _ in told ^ held}):
        yield f"{MANIFEST} and the table about do not tell the same {name}."
    if manifest["coverage"] != coverage_in(connection, "held"):
        yield f"{MANIFEST} and the table coverage do not tell the same."


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
    listed = _in_dictionary(folder / DICTIONARY)
    if listed is None:
        yield f"{DICTIONARY} cannot be read."
        return
    query = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'held' AND NOT internal"
    held = set(connection.execute(query).fetchall())
    yield from (f"{table}.{name} is not in {DICTIONARY}." for table, name in sorted(held - listed))
    yield from (f"{table}.{name} is in {DICTIONARY} only." for table, name in sorted(listed - held))


def _in_dictionary(path: Path) -> set[tuple[str, str]] | None:
    """The columns that a dictionary lists; None where it cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {(row["table"], row["column"]) for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, csv.Error):
        return None
