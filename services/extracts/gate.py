"""Whether a release may go out: the newest run's scorecards against quality.gate, by Great Expectations.

The tables that it looks at are made in a DuckDB file beside the release: the run's `scorecard`, `family_scores`
and `agency_scores` beside the run before, how every agency stands with every family (`standing`), and the `run`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Boolean, Integer
from sqlalchemy.types import TypeEngine

from quality.expectations import Data, Recounted
from quality.gate import ALL, KEYS, NOT_LIVE, NOT_SCORED, NOT_SUBMITTED, NOTHING_HELD, SCORED, councils, gates
from quality.usual import DEVIATIONS, FEWEST_AGENCIES, FEWEST_RECORDS, LEAST_POINTS, LEAST_SHARE
from schemas.registry import FAMILIES
from services.store import runs, scorecards, sources
from services.store.engine import Store

PASSED, FAILED, NOT_JUDGED = "passed", "failed", "not judged"
OF_THE_STORE = ("scorecard", "run")
COLUMNS = tuple(column.name for column in scorecards.CARD.c if column.name not in OF_THE_STORE)
KINDS: Mapping[type, pa.DataType] = {Integer: pa.int64(), Boolean: pa.bool_()}
"""What is none of these is text."""


@dataclass(frozen=True)
class Told:
    """What the store tells at a release's instant: its newest run, the one before, and their scorecards."""

    run: runs.Kept | None
    before: runs.Kept | None = None
    cards: Sequence[Mapping[str, Any]] = ()
    cards_before: Sequence[Mapping[str, Any]] = ()
    not_live: Sequence[str] = ()
    """Agencies one of whose sources has a day of going live: what it posted of before is not scored."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says: passed, failed or not judged (`why` says why), with every expectation and its answer."""

    state: str
    why: str = ""
    run: int | None = None
    run_before: int | None = None
    expectations: Sequence[Mapping[str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> list[Mapping[str, Any]]:
        return [each for each in self.expectations if not each["passed"]]

    @property
    def sentence(self) -> str:
        """The verdict, for a person."""
        if self.state == NOT_JUDGED:
            return f"The gate was {self.state}: {self.why}"
        told = "; ".join(f"{each['name']} ({each['says']})" for each in self.failed)
        return f"The gate {self.state}{f': not so: {told}' if told else ': all of it is as expected.'}"

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": self.state,
            "why": self.why,
            "run": self.run,
            "run_before": self.run_before,
            "failed": [each["name"] for each in self.failed],
        }


def told_by(store: Store, as_at: datetime) -> Told:
    """What the store tells at that instant."""
    with store.reading() as connection:
        newest, before = (*scorecards.runs_until(connection, as_at, 2), None, None)[:2]
        if newest is None:
            return Told(None)
        cards, cards_before = ([] if run is None else _cards(connection, run.run) for run in (newest, before))
        not_live = sorted({source.agency for source in sources.sources(connection) if source.live_from})
    return Told(newest, before, cards, cards_before, not_live)


def _cards(connection: Any, run: int) -> list[Mapping[str, Any]]:
    rows = (dict(card._mapping) for card in scorecards.all_cards(connection, run))
    return [{name: value for name, value in row.items() if name not in OF_THE_STORE} for row in rows]


def make(connection: duckdb.DuckDBPyConnection, file: Path, told: Told, as_at: datetime) -> Data | None:
    """Make the gate's tables, from what was told and the attached release's coverage; None where no run was told of."""
    if told.run is None:
        return None
    connection.execute(f"ATTACH '{str(file).replace(chr(39), chr(39) * 2)}' AS gate")
    _fill(connection, "scorecard", told.cards)
    _fill(connection, "scorecard_before", told.cards_before)
    connection.execute(
        _RUN, [(as_at - told.run.started_at).total_seconds() / 3600, told.run.statuses.get("crashed", 0)]
    )
    connection.execute(_AGENCY_SCORES)
    connection.execute(_FAMILY_SCORES)
    connection.execute(_STANDING, [councils(), [family.name for family in FAMILIES], list(told.not_live)])
    connection.execute("DETACH gate")
    return Data("gate", str(file.absolute()), [each.expectation for each in gates(COLUMNS)], keys=KEYS)


def verdict(told: Told, answers: Sequence[Recounted]) -> Verdict:
    """What follows from the answers; what could not be looked at has failed."""
    if told.run is None:
        return Verdict(NOT_JUDGED, "no run of the rules had been made by then.")
    expectations = [
        {
            "name": answer.rule,
            "says": gate.says,
            "passed": answer.failed == 0,
            "failed": answer.failed,
            "problem": answer.problem,
            "where": list(answer.rows),
            "status": gate.status,
            "source": gate.source,
        }
        for gate, answer in zip(gates(COLUMNS), answers, strict=True)
    ]
    state = PASSED if all(each["passed"] for each in expectations) else FAILED
    return Verdict(state, "", told.run.run, told.before.run if told.before else None, expectations)


def _fill(connection: duckdb.DuckDBPyConnection, table: str, cards: Sequence[Mapping[str, Any]]) -> None:
    """Cards as they were told; where there are none, a table of the columns that they have."""
    kinds = {column.name: _kind(column.type) for column in scorecards.CARD.c}
    names = list(cards[0]) if cards else COLUMNS
    rows = pa.Table.from_pylist([dict(card) for card in cards], pa.schema([(name, kinds[name]) for name in names]))
    connection.register("told", rows)
    connection.execute(f"CREATE TABLE gate.main.{table} AS SELECT * FROM told")
    connection.unregister("told")


def _kind(held: TypeEngine[Any]) -> pa.DataType:
    return next((kind for of, kind in KINDS.items() if isinstance(held, of)), pa.string())


_RUN = "CREATE TABLE gate.main.run AS SELECT CAST(? AS DOUBLE) AS hours_before, CAST(? AS BIGINT) AS rules_crashed"
_SUMS = "sum(tested) AS tested, sum(failed) AS failed"
_CHANGES = """
    CAST(coalesce(now.tested, 0) AS BIGINT) AS tested, CAST(before.tested AS BIGINT) AS tested_before,
    CAST(greatest(now.tested, before.tested) AS BIGINT) AS most_tested,
    1 - now.failed / now.tested AS score, 1 - before.failed / before.tested AS score_before,
    score - score_before AS score_change, coalesce(now.tested, 0) / before.tested - 1 AS tested_change
"""
_AGENCY_SCORES = f"""
    CREATE TABLE gate.main.agency_scores AS
    WITH now AS (
        SELECT source_agency, family, {_SUMS} FROM gate.main.scorecard WHERE dimension = '{ALL}' GROUP BY ALL
    ),
    before AS (
        SELECT source_agency, family, {_SUMS} FROM gate.main.scorecard_before WHERE dimension = '{ALL}' GROUP BY ALL
    ),
    changed AS (
        SELECT source_agency, family, {_CHANGES},
            least(now.tested, before.tested) >= {FEWEST_RECORDS} AND before.tested IS NOT NULL AS is_judged
        FROM now FULL JOIN before USING (source_agency, family)
    ),
    usual AS (
        SELECT family, count(*) AS agencies, median(score_change) AS score_change,
            greatest({DEVIATIONS} * mad(score_change), {LEAST_POINTS}) AS score_reach,
            median(tested_change) AS tested_change,
            greatest({DEVIATIONS} * mad(tested_change), {LEAST_SHARE}) AS tested_reach
        FROM changed WHERE is_judged GROUP BY family HAVING count(*) >= {FEWEST_AGENCIES}
    )
    SELECT changed.*,
        CASE WHEN is_judged THEN abs(changed.score_change - usual.score_change) - score_reach END AS score_beyond_usual,
        CASE WHEN is_judged THEN abs(changed.tested_change - usual.tested_change) - tested_reach END
            AS tested_beyond_usual
    FROM changed LEFT JOIN usual ON usual.family = changed.family
    ORDER BY source_agency, changed.family
"""
"""Each agency's score of a family, over all years, beside that of the run before; beyond what is usual above 0."""
_FAMILY_SCORES = f"""
    CREATE TABLE gate.main.family_scores AS
    WITH now AS (SELECT family, {_SUMS} FROM gate.main.scorecard WHERE dimension = '{ALL}' GROUP BY family),
    before AS (SELECT family, {_SUMS} FROM gate.main.scorecard_before WHERE dimension = '{ALL}' GROUP BY family)
    SELECT family, {_CHANGES} FROM now FULL JOIN before USING (family) ORDER BY family
"""
_STANDING = f"""
    CREATE TABLE gate.main.standing AS
    WITH told AS (
        SELECT source_agency, family, sum(records) AS records, bool_or(is_submitted) AS is_submitted
        FROM release.main.coverage GROUP BY ALL
    ),
    scored AS (SELECT DISTINCT source_agency, family FROM gate.main.scorecard),
    asked AS (
        SELECT council.source_agency, family.family
        FROM (SELECT unnest($1) AS source_agency) AS council, (SELECT unnest($2) AS family) AS family
        UNION SELECT source_agency, family FROM told UNION SELECT source_agency, family FROM scored
    )
    SELECT source_agency, family,
        CASE
            WHEN scored.family IS NOT NULL THEN '{SCORED}'
            WHEN records > 0 AND list_contains($3, source_agency) THEN '{NOT_LIVE}'
            WHEN records > 0 THEN '{NOT_SCORED}'
            WHEN is_submitted THEN '{NOTHING_HELD}'
            ELSE '{NOT_SUBMITTED}'
        END AS state
    FROM asked LEFT JOIN told USING (source_agency, family) LEFT JOIN scored USING (source_agency, family)
    ORDER BY source_agency, family
"""
