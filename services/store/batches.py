"""Batches as they were answered, kept for a time so that their results can be fetched."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from services.store.engine import clock
from services.store.tables import Batch, IdempotencyKey
from services.store.writing import Owner

BATCH: Table = Batch.__table__  # type: ignore[attr-defined]
ENDING: tuple[tuple[Table, str], ...] = (
    (BATCH, "batch"),
    (IdempotencyKey.__table__, "key"),  # type: ignore[attr-defined]
)
"""What is kept for a time only, with the column that names one within its source."""
ENDED_AT_ONCE = 100
"""Rows deleted, at most, when a batch is kept."""


@dataclass(frozen=True)
class Answered:
    """A batch as it was answered: its id, and how many lines had each result."""

    batch: str
    counts: dict[str, int]


def keep(connection: Connection, batch: Batch) -> None:
    """Keep a batch; some of what its source has had kept long enough goes."""
    connection.execute(BATCH.insert(), [batch.model_dump()])
    _end(connection, Owner(batch.source, batch.source_agency), batch.received_at)


def answered(connection: Connection, owner: Owner, batch: str) -> Answered:
    """A kept batch of that source."""
    counts = connection.execute(select(BATCH.c.counts).where(*_own(owner, batch))).scalar_one()
    return Answered(batch, json.loads(counts))


def results(connection: Connection, owner: Owner, batch: str) -> str | None:
    """The results of a batch's lines as NDJSON; None where the source posted no such batch, or it is kept no more."""
    kept = BATCH.c.kept_until > clock(connection)
    found: str | None = connection.execute(select(BATCH.c.results).where(kept, *_own(owner, batch))).scalar()
    return found


def _own(owner: Owner, batch: str) -> tuple[ColumnElement[bool], ...]:
    return BATCH.c.batch == batch, BATCH.c.source == owner.source, BATCH.c.source_agency == owner.agency


def _end(connection: Connection, owner: Owner, at: datetime) -> None:
    """Delete what ended by then, the oldest first; what another transaction deletes just now is left to it."""
    for held, name in ENDING:
        own = held.c.source_agency == owner.agency, held.c.source == owner.source
        ended = select(held.c[name]).where(*own, held.c.kept_until <= at).order_by(held.c.kept_until)
        some = ended.limit(ENDED_AT_ONCE).with_for_update(skip_locked=True)
        connection.execute(delete(held).where(*own, held.c[name].in_(some)))
