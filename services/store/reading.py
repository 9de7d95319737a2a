"""Reading records back: what is held, and its versions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from services.store.tables import Journal, Payload
from services.store.writing import Owner

JOURNAL: Table = Journal.__table__  # type: ignore[attr-defined]
PAYLOAD: Table = Payload.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Version:
    """One accepted version of a record."""

    version: int
    op: str
    recorded_at: datetime
    received_at: datetime
    sha256: str


@dataclass(frozen=True)
class VersionWithRecord(Version):
    """A version with its record as sent; None where it was erased."""

    record: dict[str, Any] | None


def version(
    connection: Connection, owner: Owner, family: str, source_id: str, number: int | None = None
) -> VersionWithRecord | None:
    """One version, by default the latest; None where there is none."""
    query = (
        _versions(owner, family, source_id)
        .add_columns(PAYLOAD.c.body)
        .outerjoin(PAYLOAD, PAYLOAD.c.seq == JOURNAL.c.seq)
        .order_by(JOURNAL.c.version.desc())
        .limit(1)
    )
    row = connection.execute(query if number is None else query.where(JOURNAL.c.version == number)).first()
    if row is None:
        return None
    record = json.loads(row.body) if row.body is not None else None
    return VersionWithRecord(row.version, row.op, row.recorded_at, row.received_at, row.sha256, record)


def versions(
    connection: Connection, owner: Owner, family: str, source_id: str, after: int, limit: int
) -> Sequence[Version]:
    """Versions after that number, oldest first."""
    query = _versions(owner, family, source_id).where(JOURNAL.c.version > after)
    rows = connection.execute(query.order_by(JOURNAL.c.version).limit(limit))
    return [Version(*row) for row in rows]


def any_record(connection: Connection) -> bool:
    """Whether anything was ever accepted."""
    return connection.execute(select(JOURNAL.c.seq).limit(1)).first() is not None


def _versions(owner: Owner, family: str, source_id: str) -> Select[Any]:
    columns = (JOURNAL.c.version, JOURNAL.c.op, JOURNAL.c.recorded_at, JOURNAL.c.received_at, JOURNAL.c.sha256)
    return select(*columns).where(
        JOURNAL.c.source_agency == owner.agency,
        JOURNAL.c.source == owner.source,
        JOURNAL.c.family == family,
        JOURNAL.c.source_id == source_id,
    )
