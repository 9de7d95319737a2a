"""The changes feed: what was committed to the outbox, numbered in order, never again.

A transaction that began early may commit late, so an entry's place in the outbox
says nothing of when it could first be seen. Only what is committed is numbered,
by one publisher at a time: nothing ever appears at or below a number that was
served (decision 11).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, delete, func, literal, select, text

from services.store.engine import Store
from services.store.tables import Feed, Outbox

FEED: Table = Feed.__table__  # type: ignore[attr-defined]
OUTBOX: Table = Outbox.__table__  # type: ignore[attr-defined]
PUBLISHING = 5_484_703
"""The advisory lock that the one who publishes holds; SQLite has one writer anyhow."""
AT_ONCE = 10_000
"""Entries numbered in one transaction."""
MOST_ROUNDS = 20
"""Transactions that one reader spends on numbering, at most, before it gets what there is."""


@dataclass(frozen=True)
class Changed:
    """One entry of the feed, its child as it was then."""

    seq: int
    type: str
    family: str
    source: str
    source_id: str
    child: str | None
    previous_child: str | None


COLUMNS = [FEED.c[name] for name in Changed.__dataclass_fields__]


@dataclass(frozen=True)
class Page:
    """Entries in order, and the number to go on after; None where the feed ends for now."""

    entries: Sequence[Changed]
    after: int | None


def page(store: Store, agency: str, after: int, limit: int) -> Page:
    """What an agency may follow after that number: `limit` entries wherever there are so many."""
    found = Page([], after)
    for _ in range(MOST_ROUNDS):
        is_all = _publish_some(store)
        with store.reading() as connection:
            found = _page(connection, agency, after, limit)
        if len(found.entries) == limit:
            return found
        if is_all:
            return Page(found.entries, None)
    return found


def _page(connection: Connection, agency: str, after: int, limit: int) -> Page:
    """Entries up to the last number given by now; where they are fewer, that number is where to go on."""
    last = max(after, _last(connection))
    query = select(*COLUMNS).where(_in_sight(agency), FEED.c.seq > after, FEED.c.seq <= last)
    entries = [Changed(*row) for row in connection.execute(query.order_by(FEED.c.seq).limit(limit))]
    return Page(entries, entries[-1].seq if len(entries) == limit else last)


def _in_sight(agency: str) -> ColumnElement[bool]:
    """Which entries an agency may follow: those of its own sources' records."""
    return FEED.c.source_agency == agency


def _publish_some(store: Store) -> bool:
    """Number some of what is committed; whether nothing that was committed before is left."""
    with store.reading() as connection:
        if connection.execute(select(OUTBOX.c.entry).limit(1)).first() is None:
            return True
    return store.write(_publish) < AT_ONCE


def _publish(connection: Connection) -> int:
    """Move entries from the outbox to the feed; how many."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({PUBLISHING})"))
    last = _last(connection)
    some = select(OUTBOX).order_by(OUTBOX.c.entry).limit(AT_ONCE).subquery()
    seq = literal(last) + func.row_number().over(order_by=some.c.entry)
    connection.execute(FEED.insert().from_select(["seq", *some.c.keys()], select(seq, *some.c)))
    # Named by what was inserted: on PostgreSQL another statement would see what was committed since.
    published = select(FEED.c.entry).where(FEED.c.seq > last)
    connection.execute(delete(OUTBOX).where(OUTBOX.c.entry.in_(published)))
    return _last(connection) - last


def _last(connection: Connection) -> int:
    found: int = connection.execute(select(func.coalesce(func.max(FEED.c.seq), 0))).scalar_one()
    return found
