"""What changed since the release before: rows by table, and records by family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from services.extracts.content import Content, columns_of
from services.extracts.release import Release, list_releases
from services.extracts.shape import ReleaseTable

NOTHING_BEFORE = "the first release in its folder"


@dataclass(frozen=True)
class Revisions:
    """Against which release (None: there is none), the rows of each table then, and the records by family.

    `records` has `added`, `removed`, `revised` and `unchanged`; it is empty, and `why` says so, where
    records cannot be told again.
    """

    previous: str | None
    rows_then: Mapping[str, int] = field(default_factory=dict)
    records: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    why: str = ""

    def as_json(self, contents: Sequence[Content]) -> dict[str, Any]:
        rows = {held.name: {"then": self.rows_then.get(held.name), "now": held.rows} for held in contents}
        return {"previous": self.previous, "why": self.why, "rows": rows, "records": self.records}


def since_previous(
    connection: duckdb.DuckDBPyConnection, out: Path, as_at: datetime, key_id: str, tables: Sequence[ReleaseTable]
) -> Revisions:
    """Compare the attached release with the one of the latest instant before its own."""
    before = [release for release in list_releases(out) if release.as_at < as_at]
    if not before:
        return Revisions(None, why=NOTHING_BEFORE)
    previous = before[-1]
    if previous.manifest["key_id"] != key_id:
        why = "made with another pseudonym key, so that records cannot be told again"
        return Revisions(previous.release_id, previous.rows, why=why)
    try:
        return Revisions(previous.release_id, previous.rows, _records(connection, previous, tables))
    except duckdb.Error:
        return Revisions(previous.release_id, previous.rows, why="one whose DuckDB file could not be read")


def _records(
    connection: duckdb.DuckDBPyConnection, previous: Release, tables: Sequence[ReleaseTable]
) -> dict[str, dict[str, int]]:
    path = str(previous.database).replace("'", "''")
    connection.execute(f"ATTACH '{path}' AS previous (READ_ONLY)")
    try:
        families = [table.name for table in tables if table.origin and not table.is_part]
        return {name: _compared(connection, name) for name in families if columns_of(connection, name, "previous")}
    finally:
        connection.execute("DETACH previous")


def _compared(connection: duckdb.DuckDBPyConnection, family: str) -> dict[str, int]:
    counts = {
        "added": "earlier.record_id IS NULL",
        "removed": "later.record_id IS NULL",
        "revised": "earlier.version <> later.version",
        "unchanged": "earlier.version = later.version",
    }
    counted = ", ".join(f"count(*) FILTER ({condition})" for condition in counts.values())
    both = f"previous.main.{family} AS earlier FULL JOIN release.main.{family} AS later USING (record_id)"
    found = connection.execute(f"SELECT {counted} FROM {both}").fetchall()[0]
    return dict(zip(counts, found, strict=True))
