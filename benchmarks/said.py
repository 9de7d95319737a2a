"""The rules that Great Expectations and Pandera can say in words of their own, tested by one of three.

    python -m benchmarks.said {kith,pandera,gx} STORE_URL

Code lists, patterns, what is unique and what is never empty: kith in DuckDB as a run does, the others on pandas.
Reading the store is not measured. Prints failing places, CPU seconds (user and system) and peak resident MB.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

from quality.catalogue import rules
from quality.expectations import Expectation
from quality.own_words import said
from quality.rule import Rule
from quality.workspace import opened
from services.extracts.source import load, load_earlier, load_sources, reader_of
from services.store.engine import Store, settled_now

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

Connection = duckdb.DuckDBPyConnection
Frames = Mapping[str, "pd.DataFrame"]
Ready = Callable[[], int]
"""What tests everything that was made ready: how many places fail."""


def spoken() -> list[Rule]:
    """The rules whose every expectation stands without a condition on other columns."""
    words = ((rule, said(rule)) for rule in rules())
    return [rule for rule, told in words if told and not any("row_condition" in one.arguments for one in told)]


def by_table() -> dict[str, list[Expectation]]:
    found: dict[str, list[Expectation]] = {}
    for one in (one for rule in spoken() for one in said(rule)):
        found.setdefault(one.table, []).append(one)
    return found


def frames(connection: Connection) -> Frames:
    return {table: connection.execute(f"FROM {table}").to_arrow_table().to_pandas() for table in by_table()}


def of_kith(connection: Connection) -> Ready:
    from quality.run import run

    def test() -> int:
        return sum(result.failed or 0 for result in run(connection, spoken(), date(2026, 1, 15)).results)

    return test


def of_pandera(connection: Connection) -> Ready:
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    def schema(expected: Sequence[Expectation]) -> pa.DataFrameSchema:
        checks: dict[str, list[pa.Check]] = {}
        together, never_empty = [], set()
        for one in expected:
            given, column = one.arguments, one.arguments.get("column", "")
            if one.kind == "ExpectColumnValuesToNotBeNull":
                never_empty.add(column)
            elif one.kind == "ExpectColumnValuesToBeInSet":
                checks.setdefault(column, []).append(pa.Check.isin(given["value_set"]))
            elif one.kind == "ExpectColumnValuesToMatchRegex":
                checks.setdefault(column, []).append(pa.Check.str_matches(given["regex"]))
            else:
                names = given.get("column_list", [column])
                together.append(pa.Check(lambda rows, names=names: _alone(rows, names)))
        names = [*checks, *(never_empty - checks.keys())]
        columns = {name: pa.Column(None, checks.get(name), nullable=name not in never_empty) for name in names}
        return pa.DataFrameSchema(columns, checks=together)

    def broken(schema: pa.DataFrameSchema, rows: "pd.DataFrame") -> int:
        try:
            schema.validate(rows, lazy=True)
        except SchemaErrors as error:
            found = error.failure_cases  # of a check of whole rows, one case for each of their columns
            found.loc[found["schema_context"] == "DataFrameSchema", "column"] = ""
            return len(found.drop_duplicates(["column", "check", "check_number", "index"]))
        return 0

    held = frames(connection)
    ready = [(schema(expected), held[table]) for table, expected in by_table().items()]
    return lambda: sum(broken(one, rows) for one, rows in ready)


def _alone(rows: "pd.DataFrame", names: Sequence[str]) -> "pd.Series[bool]":
    """Whether each row agrees with no other in these columns, where none of them is empty."""
    return ~(rows.duplicated(list(names), keep=False) & rows[list(names)].notna().all(axis=1))


def of_gx(connection: Connection) -> Ready:
    import great_expectations as gx

    context: Any = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}
    source, held = context.data_sources.add_pandas("frames"), frames(connection)
    ready = []
    for table, expected in by_table().items():
        whole = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("whole")
        made = [getattr(gx.expectations, one.kind)(**one.arguments) for one in expected]
        suite = context.suites.add(gx.ExpectationSuite(name=table, expectations=made))
        definition = context.validation_definitions.add(gx.ValidationDefinition(name=table, data=whole, suite=suite))
        ready.append((definition, held[table]))
    told = {"result_format": "SUMMARY", "partial_unexpected_count": 0}

    def broken(definition: Any, rows: "pd.DataFrame") -> int:
        results = definition.run(batch_parameters={"dataframe": rows}, result_format=told).results
        return sum(int(one.result.get("unexpected_count") or 0) for one in results)

    return lambda: sum(broken(one, rows) for one, rows in ready)


SIDES: Mapping[str, Callable[[Connection], Ready]] = {"kith": of_kith, "pandera": of_pandera, "gx": of_gx}


def main() -> None:
    side, url = sys.argv[1:]
    store = Store(url)
    at = settled_now(store)
    store.close()
    with opened() as connection, redirect_stdout(sys.stderr):
        with reader_of(url) as reader:
            load(reader, connection, at)
            load_earlier(reader, connection, at)
            load_sources(reader, connection)
        test = SIDES[side](connection)
        began = time.process_time()
        failed = test()
        used = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"failed": failed, "cpu_seconds": used, "peak_mb": peak}))


if __name__ == "__main__":
    main()
