"""Findings and results of quality runs, as agencies see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select, update

from services.store.chunks import chunks
from services.store.tables import Finding, QualityResult, QualityRun

FINDING: Table = Finding.__table__  # type: ignore[attr-defined]
RUN: Table = QualityRun.__table__  # type: ignore[attr-defined]
RESULT: Table = QualityResult.__table__  # type: ignore[attr-defined]

OPEN, CLOSED = "open", "closed_by_data"
KEY = ("source_agency", "source", "family", "source_id", "rule", "pointer")


@dataclass(frozen=True)
class Seen:
    """A rule seen broken at one place of one record, or by one figure of an agency.

    A figure's source and pointer are empty, and its source_id is what it is of, such as a year.
    """

    source_agency: str
    source: str
    family: str
    source_id: str
    rule: str
    pointer: str
    severity: str

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(getattr(self, name) for name in KEY)


def keep_run(
    connection: Connection, today: date, at: datetime, results: Sequence[Mapping[str, Any]], seen: Iterable[Seen]
) -> int:
    """Keep a run: its results, what is newly seen, what is seen again and what the data have closed."""
    inserted = connection.execute(RUN.insert().values(started_at=at, today=today))
    (run,) = inserted.inserted_primary_key or (0,)
    connection.execute(RESULT.insert(), [{"run": run, **result} for result in results])
    ran = [result["rule"] for result in results if result["failed"] is not None]
    _keep_findings(connection, at, {one.key: one for one in seen}, ran)
    return int(run)


def findings(connection: Connection, agency: str, after: int, limit: int) -> Sequence[Finding]:
    """An agency's open findings after that id."""
    query = select(FINDING).where(FINDING.c.source_agency == agency, FINDING.c.finding > after, FINDING.c.state == OPEN)
    return [Finding(**row._mapping) for row in connection.execute(query.order_by(FINDING.c.finding).limit(limit))]


def _keep_findings(connection: Connection, at: datetime, seen: dict[tuple[str, ...], Seen], ran: list[str]) -> None:
    columns = [FINDING.c[name] for name in KEY]
    known: dict[tuple[str, ...], tuple[int, str]] = {}
    for some in chunks(ran):
        for row in connection.execute(
            select(*columns, FINDING.c.finding, FINDING.c.state).where(FINDING.c.rule.in_(some))
        ):
            known[tuple(row[:6])] = (row.finding, row.state)
    fresh = [one for key, one in seen.items() if key not in known]
    again = {known[key][0]: one.severity for key, one in seen.items() if key in known}
    gone = [finding for key, (finding, state) in known.items() if key not in seen and state == OPEN]
    _insert(connection, fresh, at)
    _see_again(connection, again, at)
    for some_gone in chunks(gone):
        connection.execute(update(FINDING).where(FINDING.c.finding.in_(some_gone)).values(state=CLOSED))


def _insert(connection: Connection, fresh: Sequence[Seen], at: datetime) -> None:
    rows = [vars(one) | {"state": OPEN, "first_seen": at, "last_seen": at} for one in fresh]
    if rows:
        connection.execute(FINDING.insert(), rows)


def _see_again(connection: Connection, again: Mapping[int, str], at: datetime) -> None:
    seeing = update(FINDING).where(FINDING.c.finding == bindparam("known"))
    rows = [{"known": finding, "now": severity} for finding, severity in again.items()]
    if rows:
        connection.execute(seeing.values(severity=bindparam("now"), state=OPEN, last_seen=at), rows)
