"""The process that Great Expectations runs in (`python -m quality.validation`), asked by quality.expectations."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from quality.data_docs import Validated, write
from quality.expectations import Data, Expectation, Recounted, sentence

ROWS_TOLD = 20
"""So many failing rows are named, where any may be."""


class Told(NamedTuple):
    """What Great Expectations says of the expectation at `position`."""

    position: int
    failed: int | None
    problem: str | None
    rows: tuple[tuple[tuple[str, Any], ...], ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of a database: its suite's name, what was told of it, and the whole result (None: no such table)."""

    name: str
    told: Sequence[Told]
    result: Any | None

    @property
    def validated(self) -> Validated:
        counts = [each.failed for each in self.told]
        return Validated(self.name, counts, self.result and self.result.to_json_dict())


def main() -> None:
    job = json.load(sys.stdin)
    asked = [_data(told) for told in job["data"]]
    with redirect_stdout(sys.stderr):  # Great Expectations prints advice, and stdout is the answer
        context = _context()
        tables = [list(_validate(context, each)) for each in asked]
        _keep([table.validated for of_one in tables for table in of_one], job)
    answers = [_answers(each.expectations, held) for each, held in zip(asked, tables, strict=True)]
    json.dump([[asdict(answer) for answer in of_one] for of_one in answers], sys.stdout)


def _data(told: Mapping[str, Any]) -> Data:
    return Data(**{**told, "expectations": [Expectation(**each) for each in told["expectations"]]})


def _keep(tables: Sequence[Validated], job: Mapping[str, Any]) -> None:
    if job["kept"] is not None:
        held = {"notice": job["notice"], "tables": [asdict(each) for each in tables]}
        Path(job["kept"]).write_text(json.dumps(held), encoding="utf-8")
    if job["docs"] is not None:
        write(Path(job["docs"]), tables, job["notice"])


def _context() -> Any:
    import great_expectations

    context: Any = great_expectations.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}
    return context


def _validate(context: Any, data: Data) -> Iterator[Table]:
    source = _source(context, data)
    tables: dict[str, dict[int, Expectation]] = defaultdict(dict)
    for position, each in enumerate(data.expectations):
        tables[each.table][position] = each
    for table in sorted(tables):
        yield _validate_table(context, source, data, table, tables[table])


def _source(context: Any, data: Data) -> Any:
    address, arguments = _engine(data)
    kwargs = {"connect_args": arguments}
    name = data.name or "release"
    return context.data_sources.add_sql(name, connection_string=address, create_temp_table=False, kwargs=kwargs)


def _engine(data: Data) -> tuple[str, dict[str, Any]]:
    """A DuckDB file's path travels beside the address, as it may hold what an address would misread."""
    from quality import duckdb_dialect

    if "://" in data.address:
        return data.address, {"options": f"-c role={data.role}"} if data.role else {}
    return f"{duckdb_dialect.NAME}://", {"database": data.address, "read_only": True}


def _validate_table(
    context: Any, source: Any, data: Data, table: str, expectations: Mapping[int, Expectation]
) -> Table:
    from great_expectations.datasource.fluent.interfaces import TestConnectionError

    name = f"{data.name} {table}".strip()
    try:
        if table in data.queries:
            asset = source.add_query_asset(table, query=data.queries[table])
        else:
            asset = source.add_table_asset(table, table_name=table)
    except TestConnectionError as error:
        problem = sentence(str(error))
        return Table(name, [Told(position, None, problem) for position in expectations], None)
    result = _run(context, asset, name, expectations, data.keys.get(table, ()))
    return Table(name, [_told(each) for each in result.results], result)


def _run(context: Any, asset: Any, name: str, expectations: Mapping[int, Expectation], keys: Sequence[str]) -> Any:
    from great_expectations import ExpectationSuite, ValidationDefinition

    made = [_made(position, each) for position, each in expectations.items()]
    suite = context.suites.add(ExpectationSuite(name=name, expectations=made))
    whole = asset.add_batch_definition_whole_table("whole")
    definition = ValidationDefinition(name=name, data=whole, suite=suite)
    result = context.validation_definitions.add(definition).run(result_format=_result_format(keys))
    for each in result.results:
        each.exception_info = _without_details(each.exception_info)
    return result


def _result_format(keys: Sequence[str]) -> dict[str, Any]:
    """How much of a failing row may be told: nothing, or its key."""
    if not keys:
        return {"result_format": "SUMMARY", "partial_unexpected_count": 0}
    named = {"unexpected_index_column_names": list(keys), "return_unexpected_index_query": False}
    return {"result_format": "SUMMARY", "partial_unexpected_count": ROWS_TOLD, **named}


def _made(position: int, each: Expectation) -> Any:
    from great_expectations import expectations
    from great_expectations.expectations.metadata_types import FailureSeverity

    kind: Any = getattr(expectations, each.kind)
    severity = FailureSeverity.CRITICAL if each.gate else FailureSeverity.INFO
    return kind(**each.arguments, meta={"position": position, "rule": each.rule}, severity=severity)


def _without_details(exception_info: Mapping[str, Any]) -> dict[str, Any]:
    """An exception cut down to one sentence: its words and its traceback may tell a record.

    Great Expectations gives one exception by itself, or one for each metric under its name.
    """
    given = exception_info
    if "raised_exception" not in given:
        given = {**next(iter(given.values())), "raised_exception": True}
    if not given["raised_exception"]:
        return dict(given)
    problem = sentence(str(given["exception_message"]))
    return {"raised_exception": True, "exception_message": problem, "exception_traceback": ""}


def _told(result: Any) -> Told:
    position = result.expectation_config.meta["position"]
    if result.exception_info["raised_exception"]:
        return Told(position, None, result.exception_info["exception_message"])
    rows = result.result.get("partial_unexpected_index_list") or ()
    return Told(position, _failed(result), None, tuple(tuple(row.items()) for row in rows))


def _failed(result: Any) -> int:
    """Failing rows; of an expectation of the table as a whole, 1 where it is not met."""
    if result.expectation_config.type == "unexpected_rows_expectation":
        return int(result.result["observed_value"])
    return int(result.result.get("unexpected_count") or not result.success)


def _answers(expectations: Sequence[Expectation], tables: Sequence[Table]) -> list[Recounted]:
    """One for each expectation: Great Expectations can repeat results beside one that raised."""
    told: dict[int, set[Told]] = defaultdict(set)
    for table in tables:
        for each in table.told:
            told[each.position].add(each)
    return [_answer(each.rule, [*told[position]]) for position, each in enumerate(expectations)]


def _answer(rule: str, told: Sequence[Told]) -> Recounted:
    if len(told) != 1:
        return Recounted(rule, None, f"Great Expectations gave {len(told)} answers, not one.")
    return Recounted(rule, told[0].failed, told[0].problem, [dict(row) for row in told[0].rows])


if __name__ == "__main__":
    main()
