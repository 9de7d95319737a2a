"""What a release must pass: the typed contract of every table, the rules, and their second count.

Rules run over views of the release's tables in which instants are instants
again, as the store holds them; the second count reads the finished file.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from quality.catalogue import code_rule, rules
from quality.expectations import Data, Recount, RecountCrashed, Recounted, recounting, validate
from quality.rule import Query, Rate, Rule, Severity, Steady
from quality.run import Run, Status, run
from quality.sql import failing_rows, reads
from schemas.fields import Release
from schemas.frames import POLARS_TYPES, Expected, broken, frame
from services.extracts import life_days
from services.extracts.refusal import NotReleased
from services.extracts.release import PARQUET
from services.extracts.shape import RECORD_ID, ReleaseColumn, ReleaseTable, release_tables

TYPES = {**POLARS_TYPES, "instant": pl.Datetime("us")}
"""A release holds instants in UTC without saying so, as every reader of Parquet understands."""
WHOLE = {Release.KEEP.value, Release.PSEUDONYM.value, life_days.LEFT}
"""How a column may have left so that a rule still means what it meant."""


def check_contract(connection: duckdb.DuckDBPyConnection, table: ReleaseTable) -> None:
    """Check a table of the attached release against its schema; raises NotReleased, which tells no value."""
    rows = pl.from_arrow(connection.execute(f"SELECT * FROM release.main.{table.name}").to_arrow_table())
    assert isinstance(rows, pl.DataFrame)
    _refuse_broken(table, rows)


def check_parquet(folder: Path, table: ReleaseTable) -> None:
    """The same of a table's Parquet, as whoever reads it will find it."""
    _refuse_broken(table, pl.read_parquet(folder / PARQUET / table.name / "*.parquet"))


def _refuse_broken(table: ReleaseTable, rows: pl.DataFrame) -> None:
    problems = broken(schema_of(table), rows)
    if problems:
        raise NotReleased(f"The release breaks its own contract: {'; '.join(problems)}.")


def schema_of(table: ReleaseTable) -> Any:
    """The Pandera schema of a release table."""
    return frame(table.name, [_expected(table, column) for column in table.columns], table.key, TYPES)


def _expected(table: ReleaseTable, column: ReleaseColumn) -> Expected:
    rule = code_rule(table.origin.family, table.name, column.made_of) if table.origin and column.codelist else None
    return Expected(column.name, column.kind, column.nullable, column.codelist, rule.code if rule else "")


def run_rules(connection: duckdb.DuckDBPyConnection, today: date, each: Callable[[], None]) -> Run:
    """Every rule that the attached release's tables can answer; raises NotReleased where one crashed."""
    _make_views(connection)
    connection.execute("SET search_path = 'memory.checked'")
    try:
        done = run(connection, rules(), today, RECORD_ID, _Skip(connection, today), each)
    finally:
        connection.execute("RESET search_path")
    if done.crashed:
        codes = ", ".join(result.rule.code for result in done.crashed)
        raise NotReleased(f"Rules crashed over the release, so nothing is known of its quality: {codes}.")
    return done


def count_again(
    database: Path, done: Run, docs: Path, notice: str, beside: Sequence[Data] = ()
) -> list[list[Recounted]]:
    """Count the failing rows again by Great Expectations, with Data Docs; raises NotReleased where counts differ.

    `beside` is what else it is asked in the same process; the answers to that.
    """
    counted = [result for result in done.results if result.status in (Status.PASS, Status.FAIL)]
    recounts = [_recount(result.rule, done.today) for result in counted]
    try:
        answers, *others = validate([recounting(database, recounts), *beside], docs, notice=notice)
    except RecountCrashed as error:
        raise NotReleased(f"Great Expectations could not count the rules again: {error}") from error
    differ = [
        f"{r.rule.code} ({r.failed}, {a.failed})" for r, a in zip(counted, answers, strict=True) if r.failed != a.failed
    ]
    if differ:
        raise NotReleased(f"Kith and Great Expectations count differently: {', '.join(differ)}.")
    return others


def refuse_refusable(done: Run) -> None:
    """Refuse a release that holds what the door refuses."""
    broken_rules = [r for r in done.results if r.failed and r.rule.severity is Severity.REJECT]
    if broken_rules:
        told = ", ".join(f"{result.rule.code} ({result.failed})" for result in broken_rules)
        raise NotReleased(f"The release holds rows that the door would refuse, by rule: {told}.")


def _recount(rule: Rule, today: date) -> Recount:
    query = failing_rows(rule, today, RECORD_ID)
    return Recount(rule.code, rule.table_name, _with_instants(query), rule.severity is Severity.REJECT)


def _with_instants(query: str) -> str:
    """The query over tables whose instants are instants again."""
    read = [table for table in release_tables() if re.search(rf"\b{table.name}\b", query) and _instants(table)]
    tables = ", ".join(f"{table.name} AS ({_instants_again(table, 'main')})" for table in read)
    return f"WITH {tables} {query}" if read else query


def _make_views(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE SCHEMA checked")
    for table in release_tables():
        connection.execute(f"CREATE VIEW checked.{table.name} AS {_instants_again(table, 'release.main')}")


def _instants_again(table: ReleaseTable, schema: str) -> str:
    instants = ", ".join(f"timezone('UTC', {name}) AS {name}" for name in _instants(table))
    return f"SELECT *{f' REPLACE ({instants})' if instants else ''} FROM {schema}.{table.name}"


def _instants(table: ReleaseTable) -> Sequence[str]:
    return [column.name for column in table.columns if column.kind == "instant"]


_COLUMN = re.compile(r'column (?:named )?"(\w+)"')


class _Skip:
    """Why a rule does not run over a release, or an empty string."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, today: date) -> None:
        self.connection, self.today = connection, today
        self.columns = {(t.name, c.name): c for t in release_tables() for c in t.columns}
        self.partly = {c.name for c in self.columns.values() if Release.UNRESTRICTED.value in c.left}

    def __call__(self, rule: Rule) -> str:
        if isinstance(rule.logic, Steady):
            return "the release holds no earlier versions"
        if isinstance(rule.logic, Query):
            return self._query(rule, rule.logic.sql)
        if isinstance(rule.logic, Rate):
            return self._query(rule, rule.logic.figures)
        gone = sorted({name for table, name in reads(rule) if not self._is_whole(table, name)})
        return f"the release leaves out, or changes, {', '.join(gone)}" if gone else ""

    def _is_whole(self, table: str, name: str) -> bool:
        column = self.columns.get((table, name))
        return column is not None and column.left in WHOLE

    def _query(self, rule: Rule, sql: str) -> str:
        """A query says nowhere which columns it reads, so DuckDB is asked whether it could run."""
        partly = sorted(name for name in self.partly if re.search(rf"\b{name}\b", sql))
        if partly:
            return f"the release leaves out {', '.join(partly)} of some records"
        try:
            self.connection.execute(f"EXPLAIN {failing_rows(rule, self.today, RECORD_ID)}")
        except duckdb.BinderException as error:
            named = _COLUMN.search(str(error))
            return f"the release leaves out, or changes, {named[1] if named else 'what its query reads'}"
        except duckdb.Error:
            return ""  # the run itself will say that the rule crashed
        return ""


def quality_json(done: Run) -> Iterator[dict[str, object]]:
    """What became of each rule, as quality.json tells it."""
    for result in done.results:
        rule = result.rule
        yield {
            "rule": rule.code,
            "family": rule.family,
            "severity": rule.severity.value,
            "says": rule.says,
            "status": result.status.value,
            "denominator": result.denominator,
            "failed": result.failed,
            "why": result.why,
        }
