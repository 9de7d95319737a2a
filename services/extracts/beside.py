"""The tables that stand beside the families' in a release: what codes and rules mean, and how much there is.

Their columns are made from rows of our own, so `value` is unused.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from quality.catalogue import rules
from quality.gate import councils
from quality.run import Run
from schemas.codelists import code_list, names
from schemas.fields import LAST_YEAR, kind_of_agency
from services.extracts.shape import DUCKDB_TYPES, ReleaseColumn, ReleaseTable, release_tables

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "instant": pa.timestamp("us"),
    "date": pa.date32(),
}
STANDARD = ("code", "label", "plain_label", "starts_on", "ends_on", "status", "source")
YEAR_STARTS = 8
"""A year of coverage runs from 1 August to 31 July, as in the looked-after children collection."""
AGENCIES = "agencies"
Row = dict[str, Any]


def _table(name: str, description: str, key: tuple[str, ...], *columns: tuple[str, str, str]) -> ReleaseTable:
    """Columns as (name, kind, description); a kind that ends in "?" may be empty."""
    made = (
        ReleaseColumn(name, kind.rstrip("?"), told, name, nullable=kind.endswith("?")) for name, kind, told in columns
    )
    return ReleaseTable(name, description, tuple(made), key)


ABOUT = _table(
    "about",
    "What this release is, a fact a row.",
    ("name",),
    ("name", "text", "The fact's name."),
    ("value", "text", "The fact."),
)
CODES = _table(
    "codes",
    "Every code of every code list that the tables use.",
    ("list", "code"),
    ("list", "text", "The code list."),
    ("code", "text", "The code, unique within its list."),
    ("label", "text", "What it means, in the words of statute and practice."),
    ("plain_label", "text", "What it means, in plain words."),
    ("starts_on", "date?", "The first day of its use; empty: always."),
    ("ends_on", "date?", "The last day of its use; empty: still in use."),
    ("status", "text", "Whether the code was verified against its source."),
    ("source", "text", "Where it is from."),
)
CODE_FLAGS = _table(
    "code_flags",
    "What a code list says of its codes beside their labels, such as whether a move for that reason is planned.",
    ("list", "code", "flag"),
    ("list", "text", "The code list."),
    ("code", "text", "The code."),
    ("flag", "text", "What is said of it."),
    ("value", "text", "The value: true, false, or a code of another list; several are parted by semicolons."),
)
RULES = _table(
    "rules",
    "The catalogue of quality rules.",
    ("code",),
    ("code", "text", "The rule's code."),
    ("family", "text", "The record family that it is about."),
    ("severity", "text", "What breaking it costs: reject, error, query or info."),
    ("says", "text", "The rule, in one sentence."),
    ("hint", "text", "What to do about a record that breaks it."),
    ("dimension", "text", "The side of quality that it looks at."),
    ("source", "text", "Where it is from."),
)
QUALITY_RESULTS = _table(
    "quality_results",
    "What became of every rule over this release's own tables.",
    ("rule",),
    ("rule", "text", "The rule's code."),
    ("severity", "text", "What breaking it costs: reject, error, query or info."),
    ("says", "text", "The rule, in one sentence."),
    ("status", "text", "pass, fail, not_applicable or not_run."),
    ("denominator", "integer?", "Rows tested; empty where it did not run."),
    ("failed", "integer?", "Rows that broke it; empty where it did not run."),
    ("why", "text", "Why it did not run, or an empty text."),
)
COVERAGE = _table(
    "coverage",
    "How many records of each family each agency posted, by the year of what they tell; every council is here.",
    ("family", "source_agency", "year"),
    ("family", "text", "The record family."),
    ("source_agency", "text", "The agency that posted, or a council that did not."),
    ("agency", "text", "Its name."),
    ("agency_kind", "text", "What kind of agency: council, health_board, third_sector and so on."),
    ("local_authority", "text?", "Its code again, where it is a council; empty for every other agency."),
    ("year", "text", "1 August to 31 July, as 2024-25."),
    ("year_starts_on", "date", "The first day of the year."),
    ("is_submitted", "boolean", "Whether two people there signed off the family for the whole of that year."),
    ("records", "integer?", "Records of that year; empty, never 0, where it posted none and has not submitted."),
)
BESIDE = (ABOUT, CODES, CODE_FLAGS, RULES, QUALITY_RESULTS, COVERAGE)


def create(connection: duckdb.DuckDBPyConnection, table: ReleaseTable, rows: Iterable[Row]) -> None:
    """Make a table of the attached release from rows."""
    schema = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in table.columns])
    connection.register("made", pa.Table.from_pylist(list(rows), schema=schema))
    create_as(connection, table, f"SELECT * FROM made ORDER BY {', '.join(table.key)}")
    connection.unregister("made")


def create_as(connection: duckdb.DuckDBPyConnection, table: ReleaseTable, query: str) -> None:
    """Make a table of the attached release from a query that gives its columns in its order."""
    columns = ", ".join(f"{column.name} {DUCKDB_TYPES[column.kind]}" for column in table.columns)
    connection.execute(f"CREATE TABLE release.main.{table.name} ({columns})")
    connection.execute(f"INSERT INTO release.main.{table.name} {query}")


def code_rows(named: Sequence[str]) -> Iterator[Row]:
    """The codes of every list, and after them the agencies that no list holds."""
    for name in names():
        for row in code_list(name).rows.values():
            days = {day: _day(row[day]) for day in ("starts_on", "ends_on")}
            yield {"list": name} | {column: row[column] for column in STANDARD} | days
    for code in named:
        label = code.partition("-")[2].replace("-", " ").capitalize()
        told = {"status": "unverified", "source": "The agency's own code; no list holds it"}
        yield {"list": AGENCIES, "code": code, "label": label, "plain_label": label} | told


def flag_rows(named: Sequence[str]) -> Iterator[Row]:
    for name in names():
        for code, row in code_list(name).rows.items():
            said = {flag: value for flag, value in row.items() if flag not in STANDARD and value}
            yield from ({"list": name, "code": code, "flag": flag, "value": value} for flag, value in said.items())
    for code in named:
        yield {"list": AGENCIES, "code": code, "flag": "kind", "value": kind_of_agency(code)}


def named_agencies(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The agencies that the attached release's tables and the sign-offs name and the code list does not hold."""
    columns = [(table.name, c.name) for table in release_tables() for c in table.columns if c.codelist == AGENCIES]
    named = (f"SELECT {column} AS code FROM release.main.{table}" for table, column in columns)
    query = " UNION ".join((*named, "SELECT source_agency FROM sign_off"))
    found = connection.execute(f"SELECT code FROM ({query}) WHERE code IS NOT NULL ORDER BY code").fetchall()
    return [code for (code,) in found if code not in code_list(AGENCIES)]


def rule_rows() -> Iterator[Row]:
    columns = RULES.names
    return ({column: str(getattr(rule, column)) for column in columns} for rule in rules())


def result_rows(run: Run) -> Iterator[Row]:
    for result in run.results:
        counts = {"denominator": result.denominator, "failed": result.failed}
        rule = {"rule": result.rule.code, "severity": result.rule.severity.value, "says": result.rule.says}
        yield rule | {"status": result.status.value, "why": result.why} | counts


def coverage_query() -> str:
    """SQL over the release and `sign_off`: every council, and whatever other agency posted or signed, by years.

    A year that was signed is told of even where nobody posted anything of it, from the release's first year on.
    """
    events = " UNION ALL ".join(_events(table) for table in release_tables() if not table.is_part)
    listed = ", ".join(f"('{code}')" for code in councils())
    return f"""
        WITH event AS ({events}),
        council(source_agency) AS (VALUES {listed}),
        years AS (SELECT unnest(range(min(year), {LAST_YEAR})) AS year FROM event),
        submitted AS (
            SELECT DISTINCT family, source_agency, year FROM sign_off, years
            WHERE covers_from <= make_date(year, {YEAR_STARTS}, 1)
                AND covers_to >= make_date(year + 1, {YEAR_STARTS}, 1) - 1
        ),
        counted AS (SELECT family, source_agency, year, count(*) AS records FROM event GROUP BY ALL),
        told AS (SELECT family, year FROM event UNION SELECT family, year FROM submitted),
        asked AS (
            SELECT family, council.source_agency FROM told, council
            UNION SELECT family, source_agency FROM event UNION SELECT family, source_agency FROM submitted
        ),
        grid AS (SELECT * FROM asked JOIN told USING (family))
        SELECT family, source_agency, codes.label AS agency, kind.value AS agency_kind,
            council.source_agency AS local_authority,
            year || '-' || right(CAST(year + 1 AS VARCHAR), 2) AS year,
            make_date(year, {YEAR_STARTS}, 1) AS year_starts_on,
            submitted.family IS NOT NULL AS is_submitted,
            CASE WHEN submitted.family IS NOT NULL THEN coalesce(records, 0) ELSE records END AS records
        FROM grid
        LEFT JOIN submitted USING (family, source_agency, year)
        LEFT JOIN counted USING (family, source_agency, year)
        LEFT JOIN council USING (source_agency)
        LEFT JOIN release.main.codes ON codes.list = '{AGENCIES}' AND codes.code = source_agency
        LEFT JOIN release.main.code_flags AS kind
            ON kind.list = '{AGENCIES}' AND kind.code = source_agency AND kind.flag = 'kind'
        ORDER BY family, source_agency, year
    """


def event_day(table: ReleaseTable) -> str:
    """The day that says of which year a record tells: its first required one, else when it was recorded."""
    held = {"", "recorded_at"}
    days = (c.name for c in table.columns if c.kind == "date" and not c.nullable and c.made_of not in held)
    return next(days, "recorded_on")


def _events(table: ReleaseTable) -> str:
    day = event_day(table)
    year = f"CAST(year({day}) - CASE WHEN month({day}) < {YEAR_STARTS} THEN 1 ELSE 0 END AS INTEGER)"
    return f"SELECT '{table.name}' AS family, source_agency, {year} AS year FROM release.main.{table.name}"


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
