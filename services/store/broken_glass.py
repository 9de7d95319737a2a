"""Glass that was broken, and the notices of it that officers are to look into."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, select, update

from services.store.tables import BreakGlass, Notice

BREAK_GLASS: Table = BreakGlass.__table__  # type: ignore[attr-defined]
NOTICE: Table = Notice.__table__  # type: ignore[attr-defined]
_OF_GRANT = ("worker", "role", "purpose", "reason", "expires_at")


class Noticed(NamedTuple):
    """A notice as its agency's officers see it, with what it is about."""

    notice: int
    at: datetime
    kind: str
    child: str
    by_agency: str
    grant_id: str | None
    state: str
    note: str | None
    reviewed_at: datetime | None
    reviewed_by: str | None
    worker: str | None
    role: str | None
    purpose: str | None
    reason: str | None
    expires_at: datetime | None


def keep(connection: Connection, grant: BreakGlass) -> None:
    connection.execute(BREAK_GLASS.insert(), [grant.model_dump()])


def notify(connection: Connection, agencies: Iterable[str], notice: dict[str, Any]) -> None:
    """Put the same notice into the queue of each of these agencies' officers."""
    rows = [{"agency": agency, **notice} for agency in sorted(agencies)]
    if rows:
        connection.execute(NOTICE.insert(), rows)


def notices(connection: Connection, agency: str, after: int, limit: int) -> Sequence[Noticed]:
    """An agency's notices after that number, oldest first."""
    query = _noticed(agency).where(NOTICE.c.notice > after).order_by(NOTICE.c.notice).limit(limit)
    return [Noticed(*row) for row in connection.execute(query)]


def review(connection: Connection, agency: str, notice: int, reviewed: dict[str, Any]) -> Noticed | None:
    """Set what an agency's officers make of a notice of theirs; None where they have no such notice."""
    own = NOTICE.c.agency == agency, NOTICE.c.notice == notice
    connection.execute(update(NOTICE).where(*own).values(reviewed))
    row = connection.execute(_noticed(agency).where(NOTICE.c.notice == notice)).first()
    return Noticed(*row) if row else None


def _noticed(agency: str) -> Select[Any]:
    columns = [(BREAK_GLASS if name in _OF_GRANT else NOTICE).c[name] for name in Noticed._fields]
    joined = NOTICE.outerjoin(BREAK_GLASS, BREAK_GLASS.c.grant_id == NOTICE.c.grant_id)
    return select(*columns).select_from(joined).where(NOTICE.c.agency == agency)
