"""The changes feed: what was committed to the outbox, numbered in order, never again.

A transaction that began early may commit late, so an entry's place in the outbox
says nothing of when it could first be seen. Only what is committed is numbered,
by one publisher at a time: nothing ever appears at or below a number that was
served (decision 11).

Each agency that sees another's items about a child gets a copy of each entry
about them, numbered after the entry. Where it begins to, or ceases, it is told
`visible` or `hidden`, and follows from there on (decision 17).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    case,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
)

from services.store import bulk, visible
from services.store.engine import Store, clock
from services.store.relationships import NAMING
from services.store.tables import Feed, Outbox
from services.store.visible import VISIBLE, Change, Seen

FEED: Table = Feed.__table__  # type: ignore[attr-defined]
OUTBOX: Table = Outbox.__table__  # type: ignore[attr-defined]
SEEN = VISIBLE.alias("seen")
HIDDEN, SHOWN, UNLINKED = "hidden", "visible", "unlink"
PUBLISHING = 5_484_703
"""The advisory lock that the one who publishes holds; SQLite has one writer anyhow."""
AT_ONCE = 10_000
"""Entries numbered in one transaction."""
MOST_ROUNDS = 20
"""Transactions that one reader spends on numbering, at most, before it gets what there is."""


@dataclass(frozen=True)
class Changed:
    """One entry of the feed, its child as it was then; `visible` and `hidden` are of no record."""

    seq: int
    type: str
    family: str
    source: str | None
    source_id: str | None
    child: str | None
    previous_child: str | None


COLUMNS = [FEED.c[name] for name in Changed.__dataclass_fields__]


@dataclass(frozen=True)
class Page:
    """Entries in order, and the number to go on after; None where the feed ends for now."""

    entries: Sequence[Changed]
    after: int | None


def page(store: Store, agency: str, after: int, limit: int, seen: Seen | None = None) -> Page:
    """What an agency may follow after that number: `limit` entries wherever there are so many.

    `seen` says who sees whose items about a child; without it each follows its own.
    """
    found = Page([], after)
    for _ in range(MOST_ROUNDS):
        is_all = _publish_some(store, seen)
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
    entries = [_changed(*row) for row in connection.execute(query.order_by(FEED.c.seq).limit(limit))]
    return Page(entries, entries[-1].seq if len(entries) == limit else last)


def _changed(seq: int, type: str, family: str, source: str, source_id: str, *children: str | None) -> Changed:
    return Changed(seq, type, family, source or None, source_id or None, *children)


def _in_sight(agency: str) -> ColumnElement[bool]:
    """Which entries an agency may follow: its own, and others' that it was given and that it may see still."""
    still = select(VISIBLE.c.child).where(
        VISIBLE.c.agency == agency,
        VISIBLE.c.of_agency == FEED.c.source_agency,
        VISIBLE.c.child == func.coalesce(FEED.c.child, FEED.c.previous_child),
        VISIBLE.c.since_seq <= FEED.c.seq,
    )
    return (FEED.c.for_agency == agency) & or_(FEED.c.source_agency == agency, still.exists())


def _publish_some(store: Store, seen: Seen | None) -> bool:
    """Number some of what is committed; whether nothing that was committed before is left."""
    with store.reading() as connection:
        waits = connection.execute(select(OUTBOX.c.entry).limit(1)).first() is not None
        if not waits and not (seen and visible.due(connection, clock(connection), 1)):
            return True
    return store.write(partial(_publish, seen=seen)) < AT_ONCE


def _publish(connection: Connection, seen: Seen | None) -> int:
    """Move entries from the outbox to the feed and tell those who begin or cease to see; how many there were to do."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({PUBLISHING})"))
    last = _last(connection)
    moved = _move(connection, last)
    if seen is None:
        return moved
    at = clock(connection)
    due = visible.due(connection, at, AT_ONCE)
    changes = visible.changes(connection, {*_touched(connection, last), *due}, at, seen)
    _copy(connection, last)
    _tell(connection, changes)
    return max(moved, len(due))


def _move(connection: Connection, last: int) -> int:
    """Number entries of the outbox, for the agencies of their sources; how many."""
    some = select(OUTBOX).order_by(OUTBOX.c.entry).limit(AT_ONCE).subquery()
    seq = literal(last) + func.row_number().over(order_by=some.c.entry)
    numbered = select(seq, some.c.source_agency, *some.c)
    connection.execute(FEED.insert().from_select(["seq", "for_agency", *some.c.keys()], numbered))
    # Named by what was inserted: on PostgreSQL another statement would see what was committed since.
    published = select(FEED.c.entry).where(FEED.c.seq > last)
    connection.execute(delete(OUTBOX).where(OUTBOX.c.entry.in_(published)))
    return _last(connection) - last


def _touched(connection: Connection, last: int) -> set[str]:
    """The children of whom what was just numbered may change who sees what."""
    return set(connection.execute(text(_TOUCHED), {"last": last}).scalars()) - {None}


def _touched_by(family: str) -> str:
    """SQL of the children that the records just numbered are about, or were in an earlier version."""
    return (
        "SELECT link.child FROM feed JOIN journal USING (source_agency, source, family, source_id)"
        f" JOIN {family} AS said ON said.source_agency = journal.source_agency AND said.seq = journal.seq"
        " JOIN link ON link.source_agency = journal.source_agency AND link.source = journal.source"
        " AND link.source_id = said.child AND link.superseded_at IS NULL"
        f" WHERE feed.seq > :last AND feed.family = '{family}'"
    )


_TOUCHED = " UNION ".join((
    "SELECT child FROM feed WHERE seq > :last AND family = 'children'",
    "SELECT previous_child FROM feed WHERE seq > :last AND family = 'children'",
    *(_touched_by(family) for family in NAMING),
))  # fmt: skip


def _copy(connection: Connection, last: int) -> None:
    """Copies of what was just numbered, for those who saw before and still do, numbered after it in the same order."""
    copies = union_all(_copies(last), _farewells(last)).subquery()
    seq = literal(_last(connection)) + func.row_number().over(order_by=(copies.c.original, copies.c.for_agency))
    columns = [column for column in copies.c if column.key != "original"]
    names = ["seq", *(column.key for column in columns)]
    connection.execute(FEED.insert().from_select(names, select(seq, *columns)))


def _copies(last: int) -> Select[Any]:
    """For whoever sees the child that the record is about now: the child before only where that is seen too."""
    before: ColumnElement[Any] = case((_sees_too(FEED.c.previous_child), FEED.c.previous_child), else_=null())
    return _copied(last, FEED.c.child, {"previous_child": before})


def _farewells(last: int) -> Select[Any]:
    """For whoever sees only the child that the record was about before: that it is no more."""
    told: dict[str, ColumnElement[Any]] = {"type": literal(UNLINKED), "child": null()}
    return _copied(last, FEED.c.previous_child, told).where(~_sees_too(FEED.c.child))


def _copied(last: int, child: ColumnElement[Any], told: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    """What was numbered after `last`, for whoever sees its agency's items about that child; `told` instead of it."""
    columns = [told.get(name, FEED.c[name]).label(name) for name in Outbox.model_fields]
    seen = (VISIBLE.c.child == child) & (VISIBLE.c.of_agency == FEED.c.source_agency)
    original, reader = FEED.c.seq.label("original"), VISIBLE.c.agency.label("for_agency")
    return select(original, reader, *columns).select_from(FEED.join(VISIBLE, seen)).where(FEED.c.seq > last)


def _sees_too(child: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a copy's reader sees that agency's items about this child as well."""
    own = SEEN.c.agency == VISIBLE.c.agency, SEEN.c.of_agency == VISIBLE.c.of_agency
    return select(SEEN.c.child).where(*own, SEEN.c.child == child).exists()


def _tell(connection: Connection, changes: Iterable[Change]) -> None:
    """Tell those who begin or cease to see others' items about a child."""
    rows: list[dict[str, Any]] = []
    since: list[tuple[Change, int]] = []
    last = _last(connection)
    for change in changes:
        told = [name for name, is_told in ((HIDDEN, change.is_hidden), (SHOWN, change.is_visible)) if is_told]
        rows += [_of_no_record(change, name, last + len(rows) + number) for number, name in enumerate(told, 1)]
        since.append((change, last + len(rows)))
    bulk.insert(connection, FEED, rows)
    visible.keep(connection, since)


def _of_no_record(change: Change, type: str, seq: int) -> dict[str, Any]:
    whose = {"for_agency": change.agency, "source_agency": change.agency, "child": change.child}
    return {"seq": seq, "type": type, "family": "children", "source": "", "source_id": "", "entry": 0} | whose


def _last(connection: Connection) -> int:
    found: int = connection.execute(select(func.coalesce(func.max(FEED.c.seq), 0))).scalar_one()
    return found
