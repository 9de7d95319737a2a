"""A rule as DuckDB SQL: a query that selects the failing rows, `record_key` and `pointer`.

Of a rate the failing rows are figures: `source_agency` and `about`.
The tables are those of schemas.tables, with a key column that joins a part to
its record: `seq` over the store and files, `record_id` over a release.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from string import Template

from quality.catalogue import RECORD_KEY, before, coded_fields, predicates, table_of, tables_of
from quality.predicate import written_out
from quality.rule import Codes, Query, Rate, Row, Rule, Steady, Unique
from schemas.codelists import code_list
from schemas.fields import AGENCY_PATTERN
from schemas.tables import Table


@dataclass(frozen=True)
class Condition:
    """One condition that rows of a table must not meet: of which rule, and the column that a finding points at."""

    rule: str
    table: Table
    column: str
    sql: str
    by_row: bool = True
    """Whether a row, with its record, is enough to tell."""


def conditions(rule: Rule, today: date, key: str) -> list[Condition]:
    """The conditions of a rule that tests rows one by one; of any other, none."""
    written = _CONDITIONS.get(type(rule.logic))
    return list(written(rule, today, key)) if written else []


def failing_rows(rule: Rule, today: date, key: str = "seq") -> str:
    """The query; the rule's logic must be one that runs over data."""
    if type(rule.logic) in _CONDITIONS:
        return " UNION ALL ".join(_failing(one, key) for one in conditions(rule, today, key))
    return _WRITERS[type(rule.logic)](rule, today, key)


def failing_together(some: Sequence[Condition], key: str = "seq") -> str:
    """One query of what meets several conditions of a table, its rows read once: `rule`, `record_key`, `pointer`."""
    table, alias = some[0].table, alias_of(some[0].table)
    held = [f"record.{key} AS record_key", *(f"{alias}.{name}" for name in table.keys)]
    told = [f"{one.sql} AS t{place}" for place, one in enumerate(some)]
    broken = ", ".join(f"CASE WHEN t{place} THEN '{one.rule}' END" for place, one in enumerate(some))
    pointers = ", ".join(pointer(table, alias, one.column) for one in some)
    failing = " OR ".join(f"t{place}" for place, _ in enumerate(some))
    return f"""
        SELECT rule, record_key, pointer FROM (
            SELECT unnest([{broken}]) AS rule, record_key, unnest([{pointers}]) AS pointer
            FROM (SELECT {", ".join([*held, *told])} FROM {rows_of(table, key)}) AS {alias}
            WHERE {failing}
        ) WHERE rule IS NOT NULL
    """


def runs_over_data(rule: Rule) -> bool:
    """Whether the rule has a query at all."""
    return type(rule.logic) in _CONDITIONS or type(rule.logic) in _WRITERS


def reads(rule: Rule) -> Iterator[tuple[str, str]]:
    """The (table, column) pairs that the rule's query reads, for the kinds that declare them."""
    table = rule.table_name
    if isinstance(rule.logic, Row):
        yield from (pair for held in predicates(rule.code) for pair in held.columns())
    elif isinstance(rule.logic, Codes):
        yield from ((held.name, column) for held, column in coded_fields(rule.code))
    elif isinstance(rule.logic, Unique):
        yield from ((table, column) for column in rule.logic.columns)


def pointer(table: Table, alias: str, column: str) -> str:
    """SQL for the JSON pointer, from the record's root, of a column of a table's row."""
    steps = "/" + "/".join(table.path[:1])
    if not table.path:
        return f"'{_field(table, column)}'"
    parts = [f"'{steps}/'", f"{alias}.{table.keys[0]}"]
    if len(table.path) > 1:
        parts += [f"'/{table.path[1]}/'", f"{alias}.{table.keys[1]}"]
    return " || ".join([*parts, f"'{_field(table, column)}'"])


def _field(table: Table, column: str) -> str:
    paths = {held.name: held.path for held in table.columns}
    return "".join(f"/{step}" for step in paths.get(column, ()))


def alias_of(table: Table) -> str:
    return "item" if table.is_part else "record"


def rows_of(table: Table, key: str) -> str:
    """SQL for a table's rows as `item`, or `record`, each with its record."""
    if not table.is_part:
        return f"{table.name} AS record"
    return f"{table.name} AS item JOIN {table.family} AS record USING ({key})"


def _failing(one: Condition, key: str) -> str:
    found = pointer(one.table, alias_of(one.table), one.column)
    rows = rows_of(one.table, key)
    return f"SELECT record.{key} AS record_key, {found} AS pointer FROM {rows} WHERE {one.sql}"


def _spoken_of(rule: Rule) -> str:
    """The column that a finding points at: of a rule that names none, the record."""
    return rule.fields[0] if rule.fields else ""


def _row(rule: Rule, today: date, key: str) -> Iterator[Condition]:
    for table, held in zip(tables_of(rule), predicates(rule.code), strict=True):
        by_row = {name for name, _ in held.columns()} <= {table.name, rule.family}
        yield Condition(rule.code, table, _spoken_of(rule), held.sql(today, key), by_row)


def _codes(rule: Rule, today: date, key: str) -> Iterator[Condition]:
    for table, column in coded_fields(rule.code):
        yield Condition(rule.code, table, column, _outside(table, column))


def _outside(table: Table, column: str) -> str:
    codelist = table.column(column).codelist
    assert codelist is not None
    alias = alias_of(table)
    codes = ", ".join(f"'{code}'" for code in code_list(codelist).rows)
    outside = f"{alias}.{column} NOT IN ({codes})"
    if codelist == "agencies":
        outside += f" AND NOT regexp_full_match({alias}.{column}, '{AGENCY_PATTERN}')"
    return outside


def _unique(rule: Rule, today: date, key: str) -> str:
    assert isinstance(rule.logic, Unique)
    alias = alias_of(table_of(rule))
    columns = [f"{alias}.{column}" for column in rule.logic.columns]
    by = ", ".join([f"record.{key}", *columns] if rule.logic.within_record else columns)
    given = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    rows = _failing(Condition(rule.code, table_of(rule), _spoken_of(rule), given), key)
    return f"{rows} QUALIFY count(*) OVER (PARTITION BY {by}) > 1"


def _query(rule: Rule, today: date, key: str) -> str:
    assert isinstance(rule.logic, Query)
    query = written_out(Template(rule.logic.sql).substitute(key=key), today)
    found = pointer(table_of(rule), "failing", _spoken_of(rule))
    return f"SELECT failing.record_key, {found} AS pointer FROM ({query}) AS failing"


def _steady(rule: Rule, today: date, key: str) -> str:
    assert isinstance(rule.logic, Steady)
    same = " AND ".join(f"earlier.{column} = record.{column}" for column in RECORD_KEY)
    changed = f"earlier.{rule.logic.column} <> record.{rule.logic.column}"
    earlier = f"SELECT 1 FROM {before(rule.family)} AS earlier WHERE {same} AND {changed} AND NOT ({rule.logic.unless})"
    found = pointer(table_of(rule), "record", rule.logic.column)
    query = f"SELECT record.{key} AS record_key FROM {rule.family} AS record WHERE EXISTS ({earlier})"
    return f"SELECT record_key, {found} AS pointer FROM ({written_out(query, today)}) AS changed"


def figures(rule: Rule, today: date, key: str) -> str:
    """A query of the figures that a rate judges."""
    assert isinstance(rule.logic, Rate)
    query = written_out(Template(rule.logic.figures).substitute(key=key), today)
    return f"SELECT * FROM ({query}) AS told WHERE n >= {rule.logic.minimum} AND figure IS NOT NULL"


def _rate(rule: Rule, today: date, key: str) -> str:
    return f"SELECT source_agency, about FROM ({figures(rule, today, key)}) AS judged WHERE {out_of_bounds(rule)}"


def out_of_bounds(rule: Rule) -> str:
    """The condition that a figure fails by."""
    assert isinstance(rule.logic, Rate)
    bounds = (("<", rule.logic.least), (">", rule.logic.most))
    return " OR ".join(f"figure {sign} {bound}" for sign, bound in bounds if bound is not None)


_CONDITIONS: Mapping[type, Callable[[Rule, date, str], Iterator[Condition]]] = {Row: _row, Codes: _codes}
_WRITERS: Mapping[type, Callable[[Rule, date, str], str]] = {
    Unique: _unique,
    Query: _query,
    Steady: _steady,
    Rate: _rate,
}
