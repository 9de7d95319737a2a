"""Batches as they were answered, kept so that their results can be fetched."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, select

from services.store.tables import Batch, BatchResult
from services.store.writing import Owner

BATCH: Table = Batch.__table__  # type: ignore[attr-defined]
RESULT: Table = BatchResult.__table__  # type: ignore[attr-defined]


def keep(
    connection: Connection, owner: Owner, batch: str, received_at: datetime, counts: str, lines: Sequence[str]
) -> None:
    """Keep a batch's counts and its lines' results, both as JSON text."""
    row = {"batch": batch, "source_agency": owner.agency, "source": owner.source}
    connection.execute(BATCH.insert(), [row | {"received_at": received_at, "counts": counts}])
    results = [
        {"batch": batch, "line": number, "source_agency": owner.agency, "body": body}
        for number, body in enumerate(lines, 1)
    ]
    if results:
        connection.execute(RESULT.insert(), results)


def owned(connection: Connection, owner: Owner, batch: str) -> bool:
    """Whether the source posted that batch."""
    query = select(BATCH.c.batch).where(
        BATCH.c.batch == batch, BATCH.c.source == owner.source, BATCH.c.source_agency == owner.agency
    )
    return connection.execute(query).first() is not None


def results(connection: Connection, owner: Owner, batch: str) -> Iterator[str]:
    """The lines' results in order, as JSON text."""
    own = RESULT.c.batch == batch, RESULT.c.source_agency == owner.agency
    query = select(RESULT.c.body).where(*own).order_by(RESULT.c.line)
    yield from connection.execute(query).scalars()
