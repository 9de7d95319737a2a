"""One pass of the catalogue over data in DuckDB: what ran, what failed and where.

Every rule says what became of it: passed, failed, crashed, not applicable, or
not run and why. A rule that crashes never passes in silence: `Run.crashed`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import duckdb

from quality.rule import NoData, Rate, Rule, Shape
from quality.sql import failing_rows, figures, out_of_bounds, runs_over_data


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
    testing = _Testing(connection, today, key)
    results = []
    for rule in rules:
        results.append(_not_applicable(rule) or _not_now(rule, today, skip(rule)) or testing.result(rule))
        each()
    return Run(today, results)


@dataclass
class _Testing:
    """One pass, with how many `rows` it has counted in each table."""

    connection: duckdb.DuckDBPyConnection
    today: date
    key: str
    rows: dict[str, int] = field(default_factory=dict)

    def result(self, rule: Rule) -> Result:
        try:
            if isinstance(rule.logic, Rate):
                return self._judged(rule, rule.logic)
            query = failing_rows(rule, self.today, self.key)
            failed = self._count(f"INSERT INTO failure SELECT '{rule.code}', * FROM ({query})")
            tested = sum(self._rows(table) for table in rule.table_names)
        except duckdb.Error as error:
            return Result(rule, Status.CRASHED, why=str(error).splitlines()[0])
        return Result(rule, Status.FAIL if failed else Status.PASS, tested, failed)

    def _judged(self, rule: Rule, rate: Rate) -> Result:
        """A rate: its figures are worked out once, to be counted and judged."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {figures(rule, self.today, self.key)}")
        judged = self._count("SELECT count(*) FROM judged")
        if not judged:
            return Result(rule, Status.NOT_APPLICABLE, 0, 0, f"no data: no figure is of {rate.minimum} or more")
        failing = f"SELECT '{rule.code}', source_agency, about FROM judged WHERE {out_of_bounds(rule)}"
        failed = self._count(f"INSERT INTO figure_failure {failing}")
        return Result(rule, Status.FAIL if failed else Status.PASS, judged, failed)

    def _rows(self, table: str) -> int:
        if table not in self.rows:
            self.rows[table] = self._count(f"SELECT count(*) FROM {table}")
        return self.rows[table]

    def _count(self, query: str) -> int:
        ((count,),) = self.connection.execute(query).fetchall()
        return int(count)


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
