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
from quality.sql import Condition, conditions, failing_rows, failing_together, figures, out_of_bounds, runs_over_data


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
    unable = {rule.code: _not_applicable(rule) or _not_now(rule, today, skip(rule)) for rule in rules}
    testing = _Testing(connection, today, key)
    testing.together([rule for rule in rules if unable[rule.code] is None])
    results = []
    for rule in rules:
        results.append(unable[rule.code] or testing.result(rule))
        each()
    return Run(today, results)


@dataclass
class _Testing:
    """One pass: what was counted on the way."""

    connection: duckdb.DuckDBPyConnection
    today: date
    key: str
    failed: dict[str, int] = field(default_factory=dict)
    """How many rows fail each rule that was tested with others."""
    rows: dict[str, int] = field(default_factory=dict)
    """How many rows each table has."""

    def together(self, rules: Sequence[Rule]) -> None:
        """Test the rules that a row is enough for, all of a table's in one query, so that its rows are read once.

        Where one of them crashes, none of its table is tested here: one by one they tell which it is.
        """
        tested = [(rule.code, conditions(rule, self.today, self.key)) for rule in rules]
        by_row = {code: some for code, some in tested if some and all(one.by_row for one in some)}
        by_table: dict[str, list[Condition]] = {}
        for one in (one for some in by_row.values() for one in some):
            by_table.setdefault(one.table.name, []).append(one)
        crashed = {one.rule for some in by_table.values() if not self._inserted(some) for one in some}
        self.connection.execute("DELETE FROM failure WHERE rule IN (SELECT unnest(?))", [sorted(crashed)])
        counted = self.connection.execute("SELECT rule, count(*) FROM failure GROUP BY rule").fetchall()
        self.failed = dict.fromkeys(by_row.keys() - crashed, 0) | dict(counted)

    def _inserted(self, some: Sequence[Condition]) -> bool:
        try:
            self.connection.execute(f"INSERT INTO failure {failing_together(some, self.key)}")
        except duckdb.Error:
            return False
        return True

    def result(self, rule: Rule) -> Result:
        try:
            if isinstance(rule.logic, Rate):
                return self._judged(rule, rule.logic)
            failed = self.failed[rule.code] if rule.code in self.failed else self._failed(rule)
            denominator = sum(self._rows(table) for table in rule.table_names)
        except duckdb.Error as error:
            return Result(rule, Status.CRASHED, why=str(error).splitlines()[0])
        return Result(rule, Status.FAIL if failed else Status.PASS, denominator, failed)

    def _failed(self, rule: Rule) -> int:
        query = failing_rows(rule, self.today, self.key)
        return self._count(f"INSERT INTO failure SELECT '{rule.code}', * FROM ({query})")

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
