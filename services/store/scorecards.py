"""What each run said of each agency: scorecards, what is to be put right, and whether reasons are there.

Append-only: a row is what was told then, with what stood beside it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from services.store.runs import OPEN, Kept, runs
from services.store.tables import Finding, QualityRun, ReasonCount, RuleGain, Scorecard

FINDING: Table = Finding.__table__  # type: ignore[attr-defined]
RUN: Table = QualityRun.__table__  # type: ignore[attr-defined]
CARD: Table = Scorecard.__table__  # type: ignore[attr-defined]
GAIN: Table = RuleGain.__table__  # type: ignore[attr-defined]
REASON: Table = ReasonCount.__table__  # type: ignore[attr-defined]
ALL = "all"
"""Every side of quality, every rule or every family together."""
AT_ONCE = 5_000
Rows = Iterable[Mapping[str, Any]]


def score(tested: int | None, failed: int | None) -> float | None:
    """The share of records with nothing to put right, 0 to 1 in four decimals; None where there are none."""
    return round(1 - (failed or 0) / tested, 4) if tested else None


def told(card: Any) -> dict[str, Any]:
    """A scorecard in the words that everyone is told it in, its scores with what they are of."""
    return {
        "family": card.family,
        "dimension": card.dimension,
        "year": card.year,
        "tested": card.tested,
        "failed": card.failed,
        "score": score(card.tested, card.failed),
        "last_year_tested": card.last_tested,
        "last_year_score": score(card.last_tested, card.last_failed),
        "similar_tested": card.similar_tested,
        "similar_score": score(card.similar_tested, card.similar_failed),
        "score_is_unusual": card.score_is_unusual,
        "count_is_unusual": card.count_is_unusual,
    }


def keep(connection: Connection, run: int, cards: Rows, gains: Rows, reasons: Rows) -> None:
    """Keep what a run said."""
    for table, rows in ((CARD, cards), (GAIN, gains), (REASON, reasons)):
        held = [{"run": run, **row} for row in rows]
        if held:
            connection.execute(table.insert(), held)


def latest_run(connection: Connection) -> QualityRun | None:
    """The latest run of the rules."""
    row = connection.execute(select(RUN).order_by(RUN.c.run.desc()).limit(1)).first()
    return QualityRun(**row._mapping) if row else None


def runs_until(connection: Connection, at: datetime, most: int) -> list[Kept]:
    """The runs that had been made by an instant, the newest first."""
    last = connection.execute(select(func.max(RUN.c.run)).where(RUN.c.started_at <= at)).scalar_one()
    return [] if last is None else runs(connection, last + 1, most)


def latest(connection: Connection) -> int:
    """The latest run's number; 0 where there is none."""
    run = latest_run(connection)
    return run.run or 0 if run else 0


def cards(connection: Connection, run: int, after: int, limit: int, **only: str) -> Sequence[Any]:
    """A run's scorecards after that one, those alone whose columns hold what `only` says."""
    query = _of(CARD, run, only).where(CARD.c.scorecard > after)
    return connection.execute(query.order_by(CARD.c.scorecard).limit(limit)).all()


def all_cards(connection: Connection, run: int, **only: str) -> Sequence[Any]:
    """A run's scorecards, in order."""
    return connection.execute(_of(CARD, run, only).order_by(CARD.c.scorecard)).all()


def gains(connection: Connection, run: int, **only: str) -> Sequence[Any]:
    """What a run said is to be put right, the most children first."""
    query = _of(GAIN, run, only).order_by(GAIN.c.children.desc(), GAIN.c.records.desc(), GAIN.c.rule)
    return connection.execute(query).all()


def reasons(connection: Connection, run: int) -> Sequence[Any]:
    """How the reasons that are owed were answered, by council, year and reason."""
    return connection.execute(_of(REASON, run, {})).all()


def over_time(connection: Connection, agency: str, most: int) -> Sequence[Any]:
    """An agency's records tested and failed in its last so many runs, the newest first."""
    tested, failed = (func.sum(CARD.c[name]).label(name) for name in ("tested", "failed"))
    query = select(RUN.c.run, RUN.c.started_at, tested, failed).join(CARD, CARD.c.run == RUN.c.run)
    query = query.where(CARD.c.source_agency == agency, CARD.c.dimension == ALL)
    return connection.execute(query.group_by(RUN.c.run, RUN.c.started_at).order_by(RUN.c.run.desc()).limit(most)).all()


def open_counts(connection: Connection) -> Sequence[Any]:
    """How many findings are open, by agency, rule, severity and source."""
    by = [FINDING.c[name] for name in ("source_agency", "rule", "severity", "source")]
    query = select(*by, func.count().label("findings")).where(FINDING.c.state == OPEN)
    return connection.execute(query.group_by(*by).order_by(*by)).all()


def open_findings(connection: Connection, agency: str) -> Iterator[Any]:
    """An agency's open findings in order, so many at a time in memory."""
    query = select(FINDING).where(FINDING.c.source_agency == agency, FINDING.c.state == OPEN)
    yield from connection.execution_options(yield_per=AT_ONCE).execute(query.order_by(FINDING.c.finding))


def _of(table: Table, run: int, only: Mapping[str, str]) -> Select[Any]:
    query = select(table).where(table.c.run == run)
    return query.where(*(table.c[name] == value for name, value in only.items()))
