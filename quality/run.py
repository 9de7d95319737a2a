"""One pass of the catalogue over data in DuckDB: what ran, what failed and where.

Every rule says what became of it: passed, failed, crashed, not applicable, or
not run and why. A rule that crashes never passes in silence: `Run.crashed`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import duckdb

from quality.rule import NoData, Rate, Rule, Shape
from quality.sql import failing_rows, figures, runs_over_data


class Status(StrEnum):
    """What became of a rule in a run."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    CRASHED = "crashed"
    NOT_APPLICABLE = "not_applicable"
    NOT_RUN = "not_run"


@dataclass(frozen=True)
class Result:
    """One rule in one run: rows (of a rate, figures) tested, how many failed (None: did not run), and why not."""

    rule: Rule
    status: Status
    denominator: int | None = None
    failed: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Run:
    """A pass over one store, file or release, on one day."""

    today: date
    results: Sequence[Result]

    @property
    def crashed(self) -> list[Result]:
        return [result for result in self.results if result.status is Status.CRASHED]


FAILURES = {
    "failure": "rule VARCHAR, record_key VARCHAR, pointer VARCHAR",
    "figure_failure": "rule VARCHAR, source_agency VARCHAR, about VARCHAR",
}

Skip = Callable[[Rule], str]
"""Why a rule is not run here, or an empty string."""


def run(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    today: date,
    key: str = "seq",
    skip: Skip = lambda rule: "",
    each: Callable[[], None] = lambda: None,
) -> Run:
    """Test every rule; failing rows go into the table `failure` (rule, record_key, pointer).

    The figures that fail a rate go into `figure_failure` (rule, source_agency, about).
    `each` is called after each rule, for progress.
    """
    for table, columns in FAILURES.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
    counts: dict[str, int] = {}
    results = []
    for rule in rules:
        results.append(_tested(connection, rule, today, key, skip(rule), counts))
        each()
    return Run(today, results)


def _tested(
    connection: duckdb.DuckDBPyConnection, rule: Rule, today: date, key: str, skipped: str, counts: dict[str, int]
) -> Result:
    unable = _not_applicable(rule) or _not_now(rule, today, skipped)
    if unable:
        return unable
    try:
        into = "figure_failure" if isinstance(rule.logic, Rate) else "failure"
        query = f"INSERT INTO {into} SELECT '{rule.code}', * FROM ({failing_rows(rule, today, key)})"
        (failed,) = connection.execute(query).fetchall()[0]
        denominator = sum(_rows(connection, of, counts) for of in _tested_rows(rule, today, key))
    except duckdb.Error as error:
        return Result(rule, Status.CRASHED, why=str(error).splitlines()[0])
    if isinstance(rule.logic, Rate) and not denominator:
        return Result(rule, Status.NOT_APPLICABLE, 0, 0, f"no data: no figure is of {rule.logic.minimum} or more")
    return Result(rule, Status.FAIL if failed else Status.PASS, denominator, failed)


def _tested_rows(rule: Rule, today: date, key: str) -> Sequence[str]:
    """What to count for the denominator: the rule's tables, or the figures that a rate judges."""
    return [f"({figures(rule, today, key)})"] if isinstance(rule.logic, Rate) else rule.table_names


def _not_applicable(rule: Rule) -> Result | None:
    if isinstance(rule.logic, NoData):
        return Result(rule, Status.NOT_APPLICABLE, why=f"no data: {rule.logic.why}")
    if isinstance(rule.logic, Shape):
        return Result(rule, Status.NOT_APPLICABLE, why=f"met by shape: {rule.logic.met_by}")
    return None


def _not_now(rule: Rule, today: date, skipped: str) -> Result | None:
    if skipped:
        return Result(rule, Status.NOT_RUN, why=skipped)
    if (rule.since and today < rule.since) or (rule.until and today > rule.until):
        return Result(rule, Status.NOT_RUN, why="outside the rule's dates")
    assert runs_over_data(rule), rule.code
    return None


def _rows(connection: duckdb.DuckDBPyConnection, of: str, counts: dict[str, int]) -> int:
    if of not in counts:
        (counts[of],) = connection.execute(f"SELECT count(*) FROM {of}").fetchall()[0]
    return counts[of]
