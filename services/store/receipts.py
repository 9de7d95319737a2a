"""What was received from a source between two instants, in the order of receipt."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Table, select

from services.store.batches import BATCH
from services.store.tables import Journal
from services.store.writing import Owner

JOURNAL: Table = Journal.__table__  # type: ignore[attr-defined]
AT_ONCE = 5_000
"""Rows fetched at a time."""


class Change(NamedTuple):
    """One accepted version, without the record."""

    received_at: datetime
    batch: str | None
    family: str
    source_id: str
    op: str
    version: int
    recorded_at: datetime
    sha256: str


class Counted(NamedTuple):
    """A batch that was sent to be kept, and its counts as JSON."""

    received_at: datetime
    batch: str
    counts: str


def changes(connection: Connection, owner: Owner, start: datetime, end: datetime) -> Iterator[Change]:
    """The versions received from `start` until before `end`; found by the journal's index of that time."""
    query = select(*(JOURNAL.c[name] for name in Change._fields)).filter_by(
        source_agency=owner.agency, source=owner.source
    )
    query = query.where(JOURNAL.c.received_at >= start, JOURNAL.c.received_at < end)
    ordered = query.order_by(JOURNAL.c.received_at, JOURNAL.c.seq)
    yield from (Change(*row) for row in connection.execute(ordered, execution_options={"yield_per": AT_ONCE}))


def counted(connection: Connection, owner: Owner, start: datetime, end: datetime) -> Iterator[Counted]:
    """The batches received from `start` until before `end`, as long as they are kept."""
    query = select(*(BATCH.c[name] for name in Counted._fields)).filter_by(
        source_agency=owner.agency, source=owner.source, is_validation=False
    )
    query = query.where(BATCH.c.received_at >= start, BATCH.c.received_at < end)
    ordered = query.order_by(BATCH.c.received_at, BATCH.c.batch)
    yield from (Counted(*row) for row in connection.execute(ordered, execution_options={"yield_per": AT_ONCE}))
