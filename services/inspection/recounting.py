"""A store's run counted again by Great Expectations, in a process of its own.

Every rule that ran, over the workspace's tables as a DuckDB file; on PostgreSQL, over the store itself and in
Great Expectations' own words, the rules that can be said so and the contract of every table. A rule that is
counted differently has crashed: nothing is known of it. A contract that is broken stops the run.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from quality.expectations import Data, Expectation, Recount, RecountCrashed, Recounted, recounting, validate
from quality.own_words import CONTRACT, contract, said
from quality.page import MADE_UP
from quality.rule import Severity
from quality.run import FAILURES, Result, Run, Status
from quality.sql import failing_rows
from schemas.registry import TABLES
from services.extracts.building_place import building_place
from services.extracts.source import READER_ROLE, store_queries

VALIDATION = "validation.json"
"""The file, under KITH_HOME, of what the last recount found: what Data Docs are made of."""
POSTGRESQL = "postgresql"


class NotRecounted(RuntimeError):
    """A run that could not be counted again, or whose store breaks its contract: nothing of it is kept."""


def recounted(
    connection: duckdb.DuckDBPyConnection, done: Run, store_url: str, at: datetime, home: Path, synthetic: bool
) -> Run:
    """The run, its rules that are counted differently as crashed ones without failures; raises NotRecounted."""
    home.mkdir(parents=True, exist_ok=True)
    counted = [result for result in done.results if result.failed is not None]
    with building_place(home) as place:
        asked = [
            _of_workspace(connection, place / "workspace.duckdb", counted, done),
            *_of_store(store_url, at, counted),
        ]
        try:
            answers = validate(asked, kept=home / VALIDATION, notice=MADE_UP if synthetic else "")
        except RecountCrashed as error:
            raise NotRecounted(f"Great Expectations could not count the rules again: {error}") from error
    _keep_contract(asked, answers)
    doubts = dict(_doubts(counted, answers))
    for table in FAILURES:
        connection.execute(f"DELETE FROM {table} WHERE list_contains(?, rule)", [list(doubts)])
    return replace(done, results=[_doubted(result, doubts) for result in done.results])


def _of_workspace(connection: duckdb.DuckDBPyConnection, file: Path, counted: Sequence[Result], done: Run) -> Data:
    """The workspace's tables as they are, in a file of their own."""
    connection.execute(f"ATTACH '{str(file).replace(chr(39), chr(39) * 2)}' AS recounted")
    (own,) = connection.execute("SELECT current_database()").fetchall()[0]
    connection.execute(f'COPY FROM DATABASE "{own}" TO recounted')
    connection.execute("DETACH recounted")
    rules = [result.rule for result in counted]
    return recounting(
        file,
        [
            Recount(rule.code, rule.table_name, failing_rows(rule, done.today), rule.severity is Severity.REJECT)
            for rule in rules
        ],
    )


def _of_store(store_url: str, at: datetime, counted: Sequence[Result]) -> Iterator[Data]:
    """A PostgreSQL store itself, as at the run's instant; SQLite has no types for Great Expectations to hold to."""
    if not store_url.startswith(POSTGRESQL):
        return
    expected = [each for result in counted for each in said(result.rule)]
    expected += [each for table in TABLES for each in contract(table)]
    yield Data(POSTGRESQL, store_url, expected, store_queries(at), role=READER_ROLE)


def _keep_contract(asked: Sequence[Data], answers: Sequence[Sequence[Recounted]]) -> None:
    broken = [
        f"{expected.table}.{_columns(expected)}"
        for data, given in zip(asked, answers, strict=True)
        for expected, answer in zip(data.expectations, given, strict=True)
        if answer.rule == CONTRACT and answer.failed != 0
    ]
    if broken:
        raise NotRecounted(f"The store breaks the contract of: {', '.join(broken)}.")


def _columns(expected: Expectation) -> str:
    return str(expected.arguments.get("column") or "+".join(expected.arguments["column_list"]))


def _doubts(counted: Sequence[Result], answers: Sequence[Sequence[Recounted]]) -> Iterator[tuple[str, str]]:
    """The rules that are counted differently, each with why."""
    for given in answers:
        by_rule: dict[str, list[Recounted]] = defaultdict(list)
        for answer in given:
            by_rule[answer.rule].append(answer)
        for result in counted:
            told = by_rule[result.rule.code]
            problem = next((answer.problem for answer in told if answer.problem), None)
            failed = sum(answer.failed or 0 for answer in told)
            if problem:
                yield result.rule.code, f"Great Expectations could not count it: {problem}"
            elif told and failed != result.failed:
                yield result.rule.code, f"Kith counts {result.failed} failing rows and Great Expectations {failed}"


def _doubted(result: Result, doubts: dict[str, str]) -> Result:
    why = doubts.get(result.rule.code)
    return Result(result.rule, Status.CRASHED, why=why) if why else result
