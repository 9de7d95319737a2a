"""What is held of a source's family, in the byte order of the ids: for comparing with what the source holds itself.

Rows are read as they come, so that a million of them take no more memory than a few.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, and_, collate, false, func, select

from services.store.tables import Held
from services.store.tombstones import TOMBSTONE, stands_for
from services.store.writing import JOURNAL, KEY, Owner, Put

HELD: Table = Held.__table__  # type: ignore[attr-defined]
AT_ONCE = 5_000
"""Rows fetched at a time."""
BYTE_ORDER = {"sqlite": "BINARY", "postgresql": "C"}
"""The collation that compares text by its bytes, whatever the database's own is."""


@dataclass(frozen=True)
class Digest:
    """How many records are held, and the SHA-256 of `source_id`, tab, `sha256`, newline over them."""

    count: int
    digest: str


def digest(connection: Connection, owner: Owner, family: str, as_at: datetime | None = None) -> Digest:
    """The digest of what is held of a family now, or was held at an instant that is settled."""
    count, hashing = 0, hashlib.sha256()
    for source_id, sha256 in held_at(connection, owner, family, as_at) if as_at else held(connection, owner, family):
        count += 1
        hashing.update(f"{source_id}\t{sha256}\n".encode())
    return Digest(count, hashing.hexdigest())


def held(
    connection: Connection, owner: Owner, family: str, first: str | None = None, last: str | None = None
) -> Iterator[tuple[str, str]]:
    """The id and SHA-256 of each record held, from one id to another, both included."""
    source_id = collate(HELD.c.source_id, BYTE_ORDER[connection.dialect.name])
    query = select(HELD.c.source_id, HELD.c.sha256).where(
        HELD.c.source_agency == owner.agency,
        HELD.c.source == owner.source,
        HELD.c.family == family,
        HELD.c.version > 0,
        HELD.c.is_retracted == false(),
    )
    if first is not None:
        query = query.where(source_id >= first)
    if last is not None:
        query = query.where(source_id <= last)
    for row in connection.execute(query.order_by(source_id), execution_options={"yield_per": AT_ONCE}):
        yield row.source_id, row.sha256


def held_at(connection: Connection, owner: Owner, family: str, as_at: datetime) -> Iterator[tuple[str, str]]:
    """The id and SHA-256 of each record that was held at an instant: its last version by then, unless it retracted."""
    earlier = JOURNAL.alias("earlier")
    same = [earlier.c[name] == HELD.c[name] for name in KEY]
    last = select(func.max(earlier.c.version)).where(*same, earlier.c.received_at <= as_at).scalar_subquery()
    found = and_(*(JOURNAL.c[name] == HELD.c[name] for name in KEY), JOURNAL.c.version == last)
    versions = select(HELD.c.source_id, JOURNAL.c.sha256).select_from(HELD.join(JOURNAL, found))
    query = versions.where(
        HELD.c.source_agency == owner.agency,
        HELD.c.source == owner.source,
        HELD.c.family == family,
        JOURNAL.c.op == Put.op,
        ~select(TOMBSTONE.c.tombstone).where(stands_for(), TOMBSTONE.c.erased_at <= as_at).exists(),
    )
    ordered = query.order_by(collate(HELD.c.source_id, BYTE_ORDER[connection.dialect.name]))
    for row in connection.execute(ordered, execution_options={"yield_per": AT_ONCE}):
        yield row.source_id, row.sha256
