"""Findings: what quality runs found in agencies' records, what was said of it, and what happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, and_, func, select, update

from services.store.engine import clock, lock
from services.store.runs import EXPLAINED, FINDING, FINDINGS_LOCK, OPEN
from services.store.tables import Finding, FindingEvent, Held
from services.store.writing import KEY

EVENT: Table = FindingEvent.__table__  # type: ignore[attr-defined]
HELD: Table = Held.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Found:
    """A finding, and whether its record has changed since the run that last saw it."""

    finding: Finding
    has_changed: bool


@dataclass(frozen=True)
class Explanation:
    """Why a finding stands as it is, who says so (no source: at the command line), and the last day that it holds."""

    reason: str
    note: str | None
    by_source: str | None
    by_worker: str | None
    expires_on: date


def findings(connection: Connection, after: int, limit: int, **wanted: str | None) -> Sequence[Found]:
    """Findings after that id, those whose columns are as `wanted`; None wants nothing of a column."""
    asked = (FINDING.c[name] == value for name, value in wanted.items() if value is not None)
    query = _found().where(FINDING.c.finding > after, *asked)
    return [_as_found(row) for row in connection.execute(query.order_by(FINDING.c.finding).limit(limit))]


def finding(connection: Connection, number: int, agency: str | None) -> Found | None:
    """One finding, of that agency (None: of any)."""
    query = _found().where(FINDING.c.finding == number)
    row = connection.execute(query if agency is None else query.where(FINDING.c.source_agency == agency)).first()
    return _as_found(row) if row else None


def history(connection: Connection, number: int) -> Sequence[FindingEvent]:
    """What happened to a finding, oldest first."""
    rows = connection.execute(select(EVENT).where(EVENT.c.finding == number).order_by(EVENT.c.event))
    return [FindingEvent(**row._mapping) for row in rows]


def explain(connection: Connection, number: int, said: Explanation) -> bool:
    """Explain a finding that is open, or explained otherwise; False where the data have closed it."""
    lock(connection, [FINDINGS_LOCK])
    at = clock(connection)
    standing = update(FINDING).where(FINDING.c.finding == number, FINDING.c.state.in_((OPEN, EXPLAINED)))
    if not connection.execute(standing.values(state=EXPLAINED, explained_at=at, **vars(said))).rowcount:
        return False
    event = {"finding": number, "at": at, "what": "explained", "state": EXPLAINED}
    connection.execute(EVENT.insert(), [event | vars(said)])
    return True


def counts(connection: Connection, agency: str, families: Sequence[str]) -> list[tuple[str, str, str, int]]:
    """An agency's findings in these families: family, severity, state and how many, in that order."""
    columns = (FINDING.c.family, FINDING.c.severity, FINDING.c.state)
    query = select(*columns, func.count()).where(FINDING.c.source_agency == agency, FINDING.c.family.in_(families))
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query.group_by(*columns).order_by(*columns))]


def _found() -> Select[Any]:
    same_record = and_(*(FINDING.c[name] == HELD.c[name] for name in KEY))
    columns = (FINDING, func.coalesce(HELD.c.seq, 0).label("held_seq"))
    return select(*columns).select_from(FINDING.outerjoin(HELD, same_record))


def _as_found(row: Row[Any]) -> Found:
    told = dict(row._mapping)
    held_seq = told.pop("held_seq")
    return Found(Finding(**told), has_changed=held_seq != told["seq"])
