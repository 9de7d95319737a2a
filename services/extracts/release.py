"""A release as it lies on disk: its folder, its manifest, and the releases that a folder holds."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

DATABASE, MANIFEST, DICTIONARY, PACKAGE = "kith.duckdb", "manifest.json", "dictionary.csv", "datapackage.json"
README, CHANGES, QUALITY, DOCS, PARQUET = "README.md", "CHANGES.md", "quality.json", "quality", "parquet"
MADE_UP = "MADE-UP DATA: every child, event and agency's record in this release was invented by a computer."
REAL = "Record-level data about children, for use in a safe setting only; not for publication."


@dataclass(frozen=True)
class Release:
    """One release: the folder that holds it, named by its id."""

    folder: Path

    @property
    def release_id(self) -> str:
        return self.folder.name

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        return found

    @property
    def as_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["as_at"])

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows each table has."""
        return {table["name"]: table["rows"] for table in self.manifest["tables"]}


def list_releases(folder: Path) -> list[Release]:
    """The releases in a folder, by their instant and id; what has no manifest of a release is passed over."""
    found = (Release(path.parent) for path in folder.glob(f"[!.]*/{MANIFEST}"))
    readable = (release for release in found if _is_readable(release))
    return sorted(readable, key=lambda release: (release.as_at, release.release_id))


def _is_readable(release: Release) -> bool:
    try:
        return bool(release.as_at.tzinfo and release.rows)
    except (ValueError, KeyError, TypeError):
        return False


def notice(synthetic: bool) -> str:
    """What every table, file and page of a release says of itself."""
    return MADE_UP if synthetic else REAL


def files_of(folder: Path) -> Iterator[Path]:
    """Every file of a release but the manifest, by name."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / MANIFEST)


def described(folder: Path, path: Path) -> dict[str, Any]:
    """A file as the manifest lists it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": digest}
