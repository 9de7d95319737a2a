"""Counts every rule's failing rows a second time, by Great Expectations, over a DuckDB file.

Kith's own pass has counted them already; `recount` is the independent check that it counted right.
Great Expectations runs in a process of its own (`python -m quality.expectations`: a job as JSON on
stdin, the answers as JSON on stdout), so that whoever asks never loads it, and so that the file is
opened with one configuration only: to read.
"""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Recount:
    """A rule to count again.

    `table` is the table that the rule is about, `failing_rows_sql` a SELECT of its failing rows
    over any tables of the file; `gate` says that a failing row stops the release.
    """

    rule: str
    table: str
    failing_rows_sql: str
    gate: bool


@dataclass(frozen=True)
class Recounted:
    """What came of a recount: `failed` rows, or None and the `problem` that stopped the count."""

    rule: str
    failed: int | None
    problem: str | None


class RecountCrashed(RuntimeError):
    """The process that recounts ended without an answer for any rule."""


def recount(database: Path, recounts: Sequence[Recount], docs: Path | None = None) -> list[Recounted]:
    """One answer for each recount, in their order; with `docs`, Data Docs in that new folder.

    Raises FileExistsError when `docs` already has something in it, and RecountCrashed when
    Great Expectations could not run at all, as when `database` is not a DuckDB file, or when
    someone (whoever asks included) still has it open for writing.
    """
    if docs is not None and docs.exists() and any(docs.iterdir()):
        raise FileExistsError(f"Data Docs are built in a new folder, and {docs} is not empty.")
    job = {
        "database": str(database.absolute()),
        "recounts": [asdict(each) for each in recounts],
        "docs": None if docs is None else str(docs.absolute()),
    }
    return [Recounted(**answer) for answer in json.loads(_in_its_own_process(json.dumps(job)))]


def _in_its_own_process(job: str) -> str:
    child = subprocess.run(
        [sys.executable, "-m", "quality.expectations"],
        input=job,
        capture_output=True,
        encoding="utf-8",
        cwd=Path(__file__).parents[1],  # where `quality` is found, installed or not
        env=os.environ | {"GX_ANALYTICS_ENABLED": "false", "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    if child.returncode != 0:
        raise RecountCrashed(_sentence(child.stderr.strip().rpartition("\n")[2]))
    return child.stdout


# From here on it is the child that runs, and its imports are heavy.


class Told(NamedTuple):
    """What Great Expectations says of the recount at `position`."""

    position: int
    failed: int | None
    problem: str | None


@dataclass(frozen=True)
class Validated:
    """One table: what was told of its rules, and the result that its page of Data Docs shows."""

    table: str
    told: Sequence[Told]
    result: Any | None


def main() -> None:
    job = json.load(sys.stdin)
    recounts = [Recount(**each) for each in job["recounts"]]
    with redirect_stdout(sys.stderr):  # Great Expectations prints advice, and stdout is the answer
        tables = _validate(Path(job["database"]), recounts)
        if job["docs"] is not None:
            _write_docs(Path(job["docs"]), tables)
    json.dump([asdict(answer) for answer in _answers(recounts, tables)], sys.stdout)


def _validate(database: Path, recounts: Sequence[Recount]) -> list[Validated]:
    context = _context()
    source = _source(context, database)
    tables: dict[str, dict[int, Recount]] = defaultdict(dict)
    for position, each in enumerate(recounts):
        tables[each.table][position] = each
    return [_validate_table(context, source, table, tables[table]) for table in sorted(tables)]


def _context() -> Any:
    import great_expectations

    context: Any = great_expectations.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}
    return context


def _source(context: Any, database: Path) -> Any:
    """The path travels beside the address, as it may hold what an address would misread."""
    from quality import duckdb_dialect

    return context.data_sources.add_sql(
        "release",
        connection_string=f"{duckdb_dialect.NAME}://",
        create_temp_table=False,
        kwargs={"connect_args": {"database": str(database), "read_only": True}},
    )


def _validate_table(context: Any, source: Any, table: str, recounts: Mapping[int, Recount]) -> Validated:
    from great_expectations.datasource.fluent.interfaces import TestConnectionError

    try:
        asset = source.add_table_asset(table, table_name=table)
    except TestConnectionError as error:
        problem = _sentence(str(error))
        return Validated(table, [Told(position, None, problem) for position in recounts], None)
    result = _run(context, asset, table, recounts)
    return Validated(table, [_told(each) for each in result.results], result)


def _run(context: Any, asset: Any, table: str, recounts: Mapping[int, Recount]) -> Any:
    from great_expectations import ExpectationSuite, ValidationDefinition

    expectations = [_expectation(position, each) for position, each in recounts.items()]
    suite = context.suites.add(ExpectationSuite(name=table, expectations=expectations))
    whole = asset.add_batch_definition_whole_table("whole")
    definition = ValidationDefinition(name=table, data=whole, suite=suite)
    result = context.validation_definitions.add(definition).run(result_format="SUMMARY")
    for each in result.results:
        each.exception_info = _without_details(each.exception_info)
    return result


def _expectation(position: int, each: Recount) -> Any:
    from great_expectations.expectations.core.unexpected_rows_expectation import (
        UnexpectedRowsExpectation,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity

    return UnexpectedRowsExpectation(
        unexpected_rows_query=_query(each),
        meta={"position": position},
        severity=FailureSeverity.CRITICAL if each.gate else FailureSeverity.INFO,
    )


def _query(each: Recount) -> str:
    """The rule's query as Great Expectations must be told it.

    It selects no column, so that no failing row's values leave DuckDB: only their number does.
    The rule's code tells a reader of Data Docs which rule it is, and makes every query unlike
    the others, as two alike would be taken for one.
    """
    rows = each.failing_rows_sql.rstrip().rstrip(";")
    code = f"{each.rule}, a gate" if each.gate else each.rule
    sql = f"/* {code} */ SELECT 1 AS failing FROM (\n{rows}\n) AS failing_rows"
    return _TAKEN_FOR_A_PARAMETER.sub(r"\\\g<0>", sql).replace("{", "{{").replace("}", "}}")


# SQLAlchemy reads ` :word` as a parameter, even in a literal, unless a backslash comes before it,
# and takes one backslash from before a colon. These are its own two patterns.
_TAKEN_FOR_A_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w+(?![:\w]))|\\(?=:\w*(?![:\w]))")


def _without_details(exception_info: Mapping[str, Any]) -> dict[str, Any]:
    """An exception cut down to one sentence: its words and its traceback may tell a record.

    Great Expectations gives one exception by itself, or one for each metric under its name.
    """
    given = exception_info
    if "raised_exception" not in given:
        given = {**next(iter(given.values())), "raised_exception": True}
    if not given["raised_exception"]:
        return dict(given)
    problem = _sentence(str(given["exception_message"]))
    return {"raised_exception": True, "exception_message": problem, "exception_traceback": ""}


_DUCKDB_ERROR = re.compile(r"\b(?P<kind>[A-Z]\w*(?: \w+)*) Error: (?P<says>.*)")
_TELLS_NO_RECORD = {"Binder", "Catalog", "IO", "Parser"}
_QUOTES_ITS_VALUES = {"Conversion", "Out of Range"}
_VALUE = re.compile(r"""['"].*['"]|\b\d[\d.:+-]*""")


def _sentence(message: str) -> str:
    """The first line from DuckDB's own words on, without what they may quote from a record."""
    first_line = message.partition("\n")[0]
    found = _DUCKDB_ERROR.search(first_line)
    if found is None:
        return first_line
    if found["kind"] in _TELLS_NO_RECORD:
        return found[0]
    if found["kind"] in _QUOTES_ITS_VALUES:
        return f"{found['kind']} Error: {_VALUE.sub('(withheld)', found['says'])}"
    return f"{found['kind']} Error: its words are withheld, as they may tell a record."


def _told(result: Any) -> Told:
    position = result.expectation_config.meta["position"]
    if result.exception_info["raised_exception"]:
        return Told(position, None, result.exception_info["exception_message"])
    return Told(position, int(result.result["observed_value"]), None)


def _answers(recounts: Sequence[Recount], tables: Sequence[Validated]) -> list[Recounted]:
    """One for each recount: Great Expectations can repeat results beside one that raised."""
    told: dict[int, set[Told]] = defaultdict(set)
    for table in tables:
        for each in table.told:
            told[each.position].add(each)
    return [_answer(each.rule, [*told[position]]) for position, each in enumerate(recounts)]


def _answer(rule: str, told: Sequence[Told]) -> Recounted:
    if len(told) != 1:
        return Recounted(rule, None, f"Great Expectations gave {len(told)} answers, not one.")
    return Recounted(rule, told[0].failed, told[0].problem)


def _write_docs(docs: Path, tables: Sequence[Validated]) -> None:
    """A page for each table, and an index written here: that of Great Expectations is a script."""
    docs.mkdir(parents=True, exist_ok=True)
    pages = {table.table: _page(table.result) for table in tables if table.result is not None}
    for name, page in pages.items():
        (docs / f"{name}.html").write_text(_loading_nothing(page), encoding="utf-8")
    rows = "\n".join(_index_row(table) for table in tables)
    index = f"<!DOCTYPE html>\n<html lang='en'><head>{_HEAD}</head><body>{_INDEX}{rows}</table>"
    (docs / "index.html").write_text(f"{index}</body></html>\n", encoding="utf-8")


def _page(result: Any) -> str:
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    renderer: Any = ValidationResultsPageRenderer(run_info_at_end=True)
    view: Any = DefaultJinjaPageView()
    return str(view.render(renderer.render(result)))


def _loading_nothing(page: str) -> str:
    """The page without its scripts, remote styles, logo and newsletter, and in our own dress."""
    page = _LOADED.sub("", page)
    page = _LED_ELSEWHERE.sub("", page)
    page = page.replace("<head>", f"<head>{_HEAD}", 1)
    return page.replace("<body>", "<body><p><a href='index.html'>All tables</a></p>", 1)


_LOADED = re.compile(r"(?is)<(script|style|footer)\b.*?</\1>|<(?:link|img)\b[^>]*>")
_LED_ELSEWHERE = re.compile(r'(?i)\shref="(?!#)[^"]*"')

# The policy makes a browser refuse whatever a later version of Great Expectations adds. The styles
# give words to the statuses, which were icons of a remote font, and hide what scripts drove.
_HEAD = """
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font-family: sans-serif; margin: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { border: 1px solid #767676; padding: 0.3rem 0.6rem; text-align: left; }
.badge { font-family: monospace; white-space: pre-wrap; }
.fa-check-circle::before { content: "pass"; }
.fa-times::before { content: "fail"; }
.fa-exclamation-triangle::before { content: "could not be counted"; }
nav, .btn-group-toggle, .card, [data-toggle="collapse"] { display: none; }
</style>
"""

_INDEX = """
<h1>Data Docs: rules counted again by Great Expectations</h1>
<table><tr>
<th>Table</th><th>Rules no row fails</th><th>Rules some row fails</th><th>Could not be counted</th>
</tr>
"""


def _index_row(table: Validated) -> str:
    name = escape(table.table)
    link = name if table.result is None else f"<a href='{name}.html'>{name}</a>"
    uncounted = sum(each.failed is None for each in table.told)
    passed = sum(each.failed == 0 for each in table.told)
    cells = [link, passed, len(table.told) - passed - uncounted, uncounted]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


if __name__ == "__main__":
    main()
