"""Sign-offs: what an agency vouches for, frozen as the last quality run found it, and who says so.

A snapshot is of what was held at the instant of a run, so that its findings are
of just those records, whatever has been received since.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import rfc8785
from sqlalchemy import Connection, Row, Select, Table, case, exists, func, select, update

from quality.rule import Severity
from services.store import digests, findings
from services.store.engine import announce, clock, lock
from services.store.runs import FINDINGS_LOCK, OPEN, Kept
from services.store.sources import SOURCE
from services.store.tables import SignOff, SignOffCount, SignOffHolding
from services.store.writing import JOURNAL, Owner

SIGN_OFF: Table = SignOff.__table__  # type: ignore[attr-defined]
HOLDING: Table = SignOffHolding.__table__  # type: ignore[attr-defined]
COUNT: Table = SignOffCount.__table__  # type: ignore[attr-defined]
BLOCKING = (Severity.REJECT, Severity.ERROR)


@dataclass(frozen=True, order=True)
class Holding:
    """What was held of one family of one source."""

    family: str
    source: str
    records: int
    digest: str


@dataclass(frozen=True, order=True)
class Counted:
    """How many findings of a family there were of one severity, in one state."""

    family: str
    severity: str
    state: str
    findings: int


@dataclass(frozen=True)
class Snapshot:
    """What is signed: of which agency and period, as at which run's instant, with what held and what found."""

    agency: str
    run: int
    as_at: datetime
    covers_from: date
    covers_to: date
    holdings: Sequence[Holding]
    findings: Sequence[Counted]

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        days = {name: told[name].isoformat() for name in ("as_at", "covers_from", "covers_to")}
        return told | days | {"holdings": list(told["holdings"]), "findings": list(told["findings"])}

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of its RFC 8785 form."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()

    @property
    def families(self) -> list[str]:
        return sorted({holding.family for holding in self.holdings})


@dataclass(frozen=True)
class Signed:
    """A sign-off with its snapshot, and whether anything of its families has been received since."""

    sign_off: SignOff
    snapshot: Snapshot
    has_changed: bool


def hold(connection: Connection) -> None:
    """Keep findings and sign-offs as they are until the transaction ends, but for what it does itself."""
    lock(connection, [FINDINGS_LOCK])


def freeze(
    connection: Connection, agency: str, families: Sequence[str], period: tuple[date, date], run: Kept
) -> Snapshot:
    """What an agency's sources held of these families at a run, and what is known of its findings now."""
    named = select(SOURCE.c.name).where(SOURCE.c.agency == agency).order_by(SOURCE.c.name)
    sources = connection.execute(named).scalars().all()
    pairs = [(family, source) for family in families for source in sources]
    holdings = [_holding(connection, family, Owner(source, agency), run.started_at) for family, source in pairs]
    counted = [Counted(*row) for row in findings.counts(connection, agency, families)]
    return Snapshot(agency, run.run, run.started_at, *period, sorted(holdings), sorted(counted))


def _holding(connection: Connection, family: str, owner: Owner, as_at: datetime) -> Holding:
    found = digests.digest(connection, owner, family, as_at)
    return Holding(family, owner.source, found.count, found.digest)


def blocking(connection: Connection, agency: str, families: Sequence[str]) -> dict[str, int]:
    """By family, how many findings keep it from being signed: errors that nobody has explained."""
    found: dict[str, int] = {}
    for family, severity, state, count in findings.counts(connection, agency, families):
        if severity in BLOCKING and state == OPEN:
            found[family] = found.get(family, 0) + count
    return found


def prepare(connection: Connection, snapshot: Snapshot, worker: str) -> int:
    """Keep a snapshot for somebody else to sign."""
    row = {
        "source_agency": snapshot.agency,
        "run": snapshot.run,
        "as_at": snapshot.as_at,
        "covers_from": snapshot.covers_from,
        "covers_to": snapshot.covers_to,
        "digest": snapshot.digest,
        "prepared_at": clock(connection),
        "prepared_by": worker,
    }
    (number,) = connection.execute(SIGN_OFF.insert().values(row)).inserted_primary_key or (0,)
    of_it = {"sign_off": int(number)}
    connection.execute(HOLDING.insert(), [of_it | asdict(each) for each in snapshot.holdings])
    if snapshot.findings:
        connection.execute(COUNT.insert(), [of_it | asdict(each) for each in snapshot.findings])
    return int(number)


def sign(connection: Connection, number: int, worker: str) -> None:
    """A second person signs; a release of any later instant tells of it."""
    announce(connection)
    signing = update(SIGN_OFF).where(SIGN_OFF.c.sign_off == number)
    connection.execute(signing.values(signed_at=clock(connection), signed_by=worker))


def reopen(connection: Connection, number: int, worker: str, reason: str, note: str | None) -> None:
    """What was signed, or prepared, stands no more; a release of any later instant tells of it."""
    announce(connection)
    why = {"reopened_by": worker, "reopening_reason": reason, "reopening_note": note}
    reopening = update(SIGN_OFF).where(SIGN_OFF.c.sign_off == number)
    connection.execute(reopening.values(reopened_at=clock(connection), **why))


def sign_offs(connection: Connection, agency: str | None, after: int, limit: int) -> list[Signed]:
    """Sign-offs after that number, of that agency (None: of any), oldest first."""
    query = _of(agency).where(SIGN_OFF.c.sign_off > after).order_by(SIGN_OFF.c.sign_off).limit(limit)
    return [_as_signed(connection, row) for row in connection.execute(query).all()]


def sign_off(connection: Connection, number: int, agency: str | None) -> Signed | None:
    """One sign-off, of that agency (None: of any)."""
    row = connection.execute(_of(agency).where(SIGN_OFF.c.sign_off == number)).first()
    return _as_signed(connection, row) if row else None


def changes(connection: Connection, snapshot: Snapshot) -> dict[str, int]:
    """How many records of its agency and families were changed, taken back or added since the snapshot."""
    by_record = (JOURNAL.c.source, JOURNAL.c.family, JOURNAL.c.source_id)
    touched = select(func.min(JOURNAL.c.version).label("first")).where(
        JOURNAL.c.source_agency == snapshot.agency,
        JOURNAL.c.family.in_(snapshot.families),
        JOURNAL.c.received_at > snapshot.as_at,
    )
    first = touched.group_by(*by_record).subquery().c.first
    counted = select(*(func.count(case((is_so, 1))) for is_so in (first > 1, first == 1)))
    row = connection.execute(counted).one()
    return {"changed": row[0], "added": row[1]}


def _of(agency: str | None) -> Select[Any]:
    families = select(HOLDING.c.family).where(HOLDING.c.sign_off == SIGN_OFF.c.sign_off)
    since = exists().where(
        JOURNAL.c.source_agency == SIGN_OFF.c.source_agency,
        JOURNAL.c.family.in_(families),
        JOURNAL.c.received_at > SIGN_OFF.c.as_at,
    )
    query = select(SIGN_OFF, since.label("has_changed"))
    return query if agency is None else query.where(SIGN_OFF.c.source_agency == agency)


def _as_signed(connection: Connection, row: Row[Any]) -> Signed:
    told = dict(row._mapping)
    has_changed = bool(told.pop("has_changed"))
    one = SignOff(**told)
    holdings = [Holding(*held) for held in _rows(connection, HOLDING, Holding, one)]
    counted = [Counted(*held) for held in _rows(connection, COUNT, Counted, one)]
    period = one.covers_from, one.covers_to
    snapshot = Snapshot(one.source_agency, one.run, one.as_at, *period, sorted(holdings), sorted(counted))
    return Signed(one, snapshot, has_changed)


def _rows(connection: Connection, of: Table, kind: type[Holding | Counted], one: SignOff) -> Sequence[Any]:
    columns = [of.c[name] for name in kind.__dataclass_fields__]
    return connection.execute(select(*columns).where(of.c.sign_off == one.sign_off)).all()
