"""A release as it lies on disk: its folder, its manifest, and the releases that a folder holds."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

DATABASE, MANIFEST, DICTIONARY, PACKAGE = "kith.duckdb", "manifest.json", "dictionary.csv", "datapackage.json"
README, CHANGES, QUALITY, DOCS, PARQUET = "README.md", "CHANGES.md", "quality.json", "quality", "parquet"
MADE_UP = "MADE-UP DATA: every child, event and agency's record in this release was invented by a computer."
REAL = "Record-level data about children, for use in a safe setting only; not for publication."

LINKING = (
    "A child_id joins records of one child only where a CHI, or an SCN, agrees together with the birth date. A child "
    "without one, or with different ones in different systems, has several child_ids: a count of child_ids is an upper "
    "limit of a count of children, and rates per child_id mislead for now."
)
"""How far a child_id can be trusted; told in the manifest and on the pages."""


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


def release_id_of(as_at: datetime, hashes: Iterable[tuple[str, str]]) -> str:
    """The instant, and the first of a hash over what every table, by name, holds."""
    told = "".join(f"{name} {content_hash}\n" for name, content_hash in hashes)
    digest = hashlib.sha256(f"{as_at.isoformat()}\n{told}".encode()).hexdigest()
    return f"kith-{as_at:%Y%m%dT%H%MZ}-{digest[:8]}"


def facts_of(told: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """What is told, a name and a text each: `withheld.identity_change.plans` for what is within."""
    for name, value in told.items():
        if isinstance(value, Mapping):
            yield from facts_of(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value if isinstance(value, str) else json.dumps(value)


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
