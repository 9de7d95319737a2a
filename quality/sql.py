"""A rule as DuckDB SQL: a query that selects the failing rows, `record_key` and `pointer`.

Of a rate the failing rows are figures: `source_agency` and `about`.
The tables are those of schemas.tables, with a key column that joins a part to
its record: `seq` over the store and files, `record_id` over a release.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from string import Template

from quality.catalogue import RECORD_KEY, before, coded_fields, predicates, table_of, tables_of
from quality.predicate import written_out
from quality.rule import Codes, Query, Rate, Row, Rule, Steady, Unique
from schemas.codelists import code_list
from schemas.fields import AGENCY_PATTERN
from schemas.tables import Table


def failing_rows(rule: Rule, today: date, key: str = "seq") -> str:
    """The query; the rule's logic must be one that runs over data."""
    return _WRITERS[type(rule.logic)](rule, today, key)


def runs_over_data(rule: Rule) -> bool:
    """Whether the rule has a query at all."""
    return type(rule.logic) in _WRITERS


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


def _selecting(rule: Rule, table: Table, where: str, key: str) -> str:
    column = rule.fields[0] if rule.fields else ""
    found = pointer(table, alias_of(table), column)
    return f"SELECT record.{key} AS record_key, {found} AS pointer FROM {rows_of(table, key)} WHERE {where}"


def _row(rule: Rule, today: date, key: str) -> str:
    held = zip(tables_of(rule), predicates(rule.code), strict=True)
    return " UNION ALL ".join(_selecting(rule, table, each.sql(today, key), key) for table, each in held)


def _codes(rule: Rule, today: date, key: str) -> str:
    return " UNION ALL ".join(_outside(table, column, key) for table, column in coded_fields(rule.code))


def _outside(table: Table, column: str, key: str) -> str:
    codelist = table.column(column).codelist
    assert codelist is not None
    alias = alias_of(table)
    codes = ", ".join(f"'{code}'" for code in code_list(codelist).rows)
    outside = f"{alias}.{column} NOT IN ({codes})"
    if codelist == "agencies":
        outside += f" AND NOT regexp_full_match({alias}.{column}, '{AGENCY_PATTERN}')"
    found = pointer(table, alias, column)
    return f"SELECT record.{key} AS record_key, {found} AS pointer FROM {rows_of(table, key)} WHERE {outside}"


def _unique(rule: Rule, today: date, key: str) -> str:
    assert isinstance(rule.logic, Unique)
    alias = alias_of(table_of(rule))
    columns = [f"{alias}.{column}" for column in rule.logic.columns]
    by = ", ".join([f"record.{key}", *columns] if rule.logic.within_record else columns)
    given = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return f"{_selecting(rule, table_of(rule), given, key)} QUALIFY count(*) OVER (PARTITION BY {by}) > 1"


def _query(rule: Rule, today: date, key: str) -> str:
    assert isinstance(rule.logic, Query)
    table = table_of(rule)
    column = rule.fields[0] if rule.fields else ""
    query = written_out(Template(rule.logic.sql).substitute(key=key), today)
    return f"SELECT failing.record_key, {pointer(table, 'failing', column)} AS pointer FROM ({query}) AS failing"


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


_WRITERS: Mapping[type, Callable[[Rule, date, str], str]] = {
    Row: _row,
    Codes: _codes,
    Unique: _unique,
    Query: _query,
    Steady: _steady,
    Rate: _rate,
}
