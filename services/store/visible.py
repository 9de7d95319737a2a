"""Who sees whose items about a child, as the feed told it last; and what has changed since.

Kept for the feed: an agency follows another's records about a child from the
entry that told it `visible` on.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, delete, select

from quality.functions import local_date
from services.store import bulk
from services.store.chunks import chunks
from services.store.relationships import Facts, days_to_come, facts_of
from services.store.tables import Visible, VisibleDue

VISIBLE: Table = Visible.__table__  # type: ignore[attr-defined]
DUE: Table = VisibleDue.__table__  # type: ignore[attr-defined]
Others = Mapping[str, frozenset[str]]
"""Each agency that sees others' items about a child, with whose."""
Seen = Callable[[Facts], Others]


@dataclass(frozen=True, slots=True)
class Change:
    """That an agency sees others' items about a child than it did: those before, and those now."""

    child: str
    agency: str
    before: frozenset[str]
    now: frozenset[str]

    @property
    def is_hidden(self) -> bool:
        """Whether some are seen no more: the follower is to forget all others' of the child."""
        return not self.before <= self.now

    @property
    def is_visible(self) -> bool:
        """Whether there is something to read anew."""
        return bool(self.now)

    @property
    def fresh(self) -> frozenset[str]:
        """Whose items are followed from the change on."""
        return self.now if self.is_hidden else self.now - self.before


def due(connection: Connection, at: datetime, most: int) -> list[str]:
    """Children of whom a day that has come changes who sees what."""
    query = select(DUE.c.child).where(DUE.c.due_on <= local_date(at)).order_by(DUE.c.due_on, DUE.c.child)
    return list(connection.execute(query.limit(most)).scalars())


def look_again(connection: Connection, children: Collection[str], at: datetime) -> None:
    """Have who sees what of these children worked out anew when the feed is next read."""
    for some in chunks(sorted(children)):
        connection.execute(delete(DUE).where(DUE.c.child.in_(some)))
    day = local_date(at)
    bulk.insert(connection, DUE, [{"child": child, "due_on": day} for child in sorted(children)])


def changes(connection: Connection, children: Collection[str], at: datetime, seen: Seen) -> list[Change]:
    """What has changed for whom about these children; what they saw before and see no more is kept no longer."""
    before = _before(connection, children)
    found: list[Change] = []
    for child, facts in facts_of(connection, children, at).items():
        found += _changes(child, before.get(child, {}), seen(facts))
    _forget(connection, found)
    _wait(connection, children, at)
    return found


def _changes(child: str, before: Others, now: Others) -> Iterable[Change]:
    nobody = frozenset[str]()
    for agency in sorted({*before, *now}):
        change = Change(child, agency, before.get(agency, nobody), now.get(agency, nobody))
        if change.before != change.now:
            yield change


def keep(connection: Connection, since: Sequence[tuple[Change, int]]) -> None:
    """Keep whose items are followed, from which number on."""
    rows = [
        {"child": change.child, "agency": change.agency, "of_agency": other, "since_seq": seq}
        for change, seq in since
        for other in sorted(change.fresh)
    ]
    bulk.insert(connection, VISIBLE, rows)


def _before(connection: Connection, children: Collection[str]) -> dict[str, dict[str, frozenset[str]]]:
    found: dict[str, dict[str, frozenset[str]]] = {}
    for some in chunks(sorted(children)):
        for row in connection.execute(select(VISIBLE).where(VISIBLE.c.child.in_(some))):
            others = found.setdefault(row.child, {})
            others[row.agency] = others.get(row.agency, frozenset()) | {row.of_agency}
    return found


def _forget(connection: Connection, found: Iterable[Change]) -> None:
    lost = [{"of_child": one.child, "by": one.agency} for one in found if one.is_hidden]
    if lost:
        own = VISIBLE.c.child == bindparam("of_child"), VISIBLE.c.agency == bindparam("by")
        connection.execute(delete(VISIBLE).where(*own), lost)


def _wait(connection: Connection, children: Collection[str], at: datetime) -> None:
    """Remember the day on which each of these children is next looked at, where there is one."""
    for some in chunks(sorted(children)):
        connection.execute(delete(DUE).where(DUE.c.child.in_(some)))
    days = days_to_come(connection, children, at)
    bulk.insert(connection, DUE, [{"child": child, "due_on": day} for child, day in sorted(days.items())])
