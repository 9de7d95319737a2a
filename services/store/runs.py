"""Quality runs as they are kept: what became of every rule, and of every finding by it.

All findings are moved on together, by statements that both databases take, so
that hundreds of thousands of them are never in memory one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    MetaData,
    String,
    Table,
    TextClause,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from services.store import bulk
from services.store.columns import UtcInstant
from services.store.engine import lock
from services.store.tables import Finding, QualityResult, QualityRun

FINDING: Table = Finding.__table__  # type: ignore[attr-defined]
RUN: Table = QualityRun.__table__  # type: ignore[attr-defined]
RESULT: Table = QualityResult.__table__  # type: ignore[attr-defined]

OPEN, EXPLAINED, CLOSED = "open", "explained", "closed_by_data"
STATES = (OPEN, EXPLAINED, CLOSED)
CRASHED = "crashed"
"""The status of a rule of which a run can say nothing: its findings stay as they are."""
FINDINGS_LOCK = "findings"
"""The name that whoever changes findings holds."""
RECORD = ("source_agency", "source", "family", "source_id")
KEY = (*RECORD, "rule", "pointer")


@dataclass(frozen=True)
class Seen:
    """A rule seen broken at one place of one record: in which version, and by what values (quality.content).

    One broken by a figure of an agency is of no record: its source and pointer are
    empty, its source_id is what the figure is of, such as a year.
    """

    source_agency: str
    source: str
    family: str
    source_id: str
    rule: str
    pointer: str
    severity: str
    seq: int = 0
    content: str = ""


SEEN = Table(
    "seen",
    MetaData(),
    *(Column(name, String, primary_key=True) for name in KEY),
    Column("severity", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("content", String, nullable=False),
    prefixes=["TEMPORARY"],
)
"""What a run saw, for as long as it is being kept."""


def keep_run(
    connection: Connection, today: date, at: datetime, results: Sequence[Mapping[str, Any]], seen: Iterable[Seen]
) -> int:
    """Keep a run: its results, what is newly seen, what is seen again and what the data have closed."""
    lock(connection, [FINDINGS_LOCK])
    inserted = connection.execute(RUN.insert().values(started_at=at, today=today))
    (run,) = inserted.inserted_primary_key or (0,)
    connection.execute(RESULT.insert(), [{"run": run, **result} for result in results])
    SEEN.create(connection, checkfirst=False)
    bulk.insert(connection, SEEN, [vars(one) for one in seen])
    _move_on(connection, int(run), today, at)
    SEEN.drop(connection, checkfirst=False)
    return int(run)


def _move_on(connection: Connection, run: int, today: date, at: datetime) -> None:
    """Every finding by what was seen of it; what happened to each is noted before it is done."""
    last = connection.execute(select(func.coalesce(func.max(FINDING.c.finding), 0))).scalar_one()
    if connection.dialect.name != "sqlite":
        connection.execute(text("ANALYZE seen"))
    given = {"run": run, "today": today, "at": at, "last": last}
    for statement in (FOLLOW_MOVED, NOTE_SEEN_AGAIN, SEE_AGAIN, NOTE_GONE, CLOSE_GONE, INSERT_NEW, NOTE_NEW):
        connection.execute(_typed(statement), given)


def _typed(statement: str) -> TextClause:
    kinds: Mapping[str, TypeEngine[Any]] = {"today": Date(), "at": UtcInstant()}
    named = (bindparam(name, type_=kind) for name, kind in kinds.items() if f":{name}" in statement)
    return text(statement).bindparams(*named)


def _listed(names: Iterable[str], of: str = "") -> str:
    return ", ".join(f"{of}{name}" for name in names)


_SAME = " AND ".join(f"finding.{name} = seen.{name}" for name in KEY)
_UNSEEN = f"NOT EXISTS (SELECT 1 FROM seen WHERE {_SAME})"
_NEW = f"NOT EXISTS (SELECT 1 FROM finding WHERE {_SAME})"
_HOLDS = "(finding.expires_on >= :today AND finding.content = seen.content)"
"""That an explanation holds still: it has not ended, and is of the same values."""
_STATE = f"CASE WHEN {_HOLDS} THEN '{EXPLAINED}' ELSE '{OPEN}' END"
_CRASHED = f"SELECT rule FROM quality_result WHERE run = :run AND status = '{CRASHED}'"
_TESTED = "SELECT rule FROM quality_result WHERE run = :run AND failed IS NOT NULL"
_GONE = f"finding.state <> '{CLOSED}' AND finding.rule NOT IN ({_CRASHED}) AND {_UNSEEN}"
_ALIKE = (*RECORD, "rule", "content")
_PLACE = f"row_number() OVER (PARTITION BY {_listed(_ALIKE)} ORDER BY pointer) AS place"

FOLLOW_MOVED = f"""
    UPDATE finding SET pointer = moved.pointer FROM (
        SELECT known.finding, fresh.pointer
        FROM (
            SELECT finding, {_listed(_ALIKE)}, {_PLACE} FROM finding
            WHERE state = '{EXPLAINED}' AND content <> '' AND {_UNSEEN}
        ) AS known
        JOIN (SELECT pointer, {_listed(_ALIKE)}, {_PLACE} FROM seen WHERE {_NEW}) AS fresh
        USING ({_listed(_ALIKE)}, place)
    ) AS moved WHERE finding.finding = moved.finding
"""
"""An explained finding whose values stand elsewhere in the record now, as its list grew before it, goes with them."""
NOTE_SEEN_AGAIN = f"""
    INSERT INTO finding_event (finding, at, what, state)
    SELECT finding, :at,
        CASE WHEN finding.state = '{CLOSED}' THEN 'seen_again'
            WHEN finding.expires_on < :today THEN 'expired' ELSE 'changed' END,
        {_STATE}
    FROM finding JOIN seen ON {_SAME} WHERE finding.state <> {_STATE} ORDER BY finding
"""
SEE_AGAIN = f"""
    UPDATE finding SET severity = seen.severity, seq = seen.seq, content = seen.content, last_seen = :at,
        state = {_STATE},
        {
    ", ".join(
        f"{name} = CASE WHEN {_HOLDS} THEN finding.{name} END"
        for name in ("reason", "note", "by_source", "by_worker", "explained_at", "expires_on")
    )
}
    FROM seen WHERE {_SAME}
"""
NOTE_GONE = f"""
    INSERT INTO finding_event (finding, at, what, state)
    SELECT finding, :at, CASE WHEN rule IN ({_TESTED}) THEN 'corrected' ELSE 'rule_ended' END, '{CLOSED}'
    FROM finding WHERE {_GONE} ORDER BY finding
"""
CLOSE_GONE = f"UPDATE finding SET state = '{CLOSED}' WHERE {_GONE}"
INSERT_NEW = f"""
    INSERT INTO finding ({_listed(KEY)}, severity, seq, content, state, first_seen, last_seen)
    SELECT {_listed(KEY)}, severity, seq, content, '{OPEN}', :at, :at
    FROM seen WHERE {_NEW} ORDER BY {_listed(KEY)}
"""
NOTE_NEW = """
    INSERT INTO finding_event (finding, at, what, state)
    SELECT finding, :at, 'seen', state FROM finding WHERE finding > :last ORDER BY finding
"""


@dataclass(frozen=True)
class Kept:
    """A run with how many of its rules came to each status."""

    run: int
    started_at: datetime
    today: date
    statuses: Mapping[str, int]


def runs(connection: Connection, before: int, limit: int) -> list[Kept]:
    """Runs before that number (0: all), the newest first."""
    query = select(RUN).order_by(RUN.c.run.desc()).limit(limit)
    found = connection.execute(query.where(RUN.c.run < before) if before else query).all()
    counts: dict[int, dict[str, int]] = {row.run: {} for row in found}
    counted = select(RESULT.c.run, RESULT.c.status, func.count().label("rules")).group_by(RESULT.c.run, RESULT.c.status)
    for row in connection.execute(counted.where(RESULT.c.run.in_(counts)).order_by(RESULT.c.status)):
        counts[row.run][row.status] = row.rules
    return [Kept(row.run, row.started_at, row.today, counts[row.run]) for row in found]


def run(connection: Connection, number: int) -> Kept | None:
    """One run; None where there is none of that number."""
    found = runs(connection, number + 1, 1)
    return found[0] if found and found[0].run == number else None


def results(connection: Connection, number: int) -> list[QualityResult]:
    """What became of each rule in a run, by rule."""
    rows = connection.execute(select(RESULT).where(RESULT.c.run == number).order_by(RESULT.c.rule))
    return [QualityResult(**row._mapping) for row in rows]
