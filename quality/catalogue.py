"""The catalogue: every rule of every family, found in quality/rules, checked as it is read."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from quality.predicate import Predicate, parse, written_out
from quality.rule import EVERY_FAMILY, Codes, Query, Rate, Row, Rule, Steady
from schemas.registry import BY_NAME, FAMILIES
from schemas.tables import Table

RECORD_KEY = ("source_agency", "source", "source_id")
"""What makes two versions those of one record."""


class BadRule(ValueError):
    """A rule of the catalogue contradicts itself or names what is not there."""


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in order of family and of its file; raises BadRule or BadPredicate."""
    found = tuple(rule for module in _modules() for rule in import_module(module).RULES)
    _refuse_twice(found)
    for rule in found:
        _check(rule)
    return found


@cache
def by_code() -> Mapping[str, Rule]:
    return {rule.code: rule for rule in rules()}


def predicate(code: str) -> Predicate:
    """The parsed predicate of a row rule, over its own table."""
    return predicates(code)[0]


@cache
def predicates(code: str) -> tuple[Predicate, ...]:
    """The parsed predicate of a row rule, over each of its tables."""
    rule = by_code()[code]
    assert isinstance(rule.logic, Row)
    return tuple(parse(rule.logic.predicate, rule.family, table) for table in rule.table_names)


@cache
def door_rules(family: str) -> tuple[Rule, ...]:
    """The rules that one record of the family is tested against when it arrives."""
    return tuple(rule for rule in rules() if rule.family == family and rule.at_the_door)


def table_of(rule: Rule) -> Table:
    """The table whose rows the rule tests."""
    return tables_of(rule)[0]


def tables_of(rule: Rule) -> tuple[Table, ...]:
    """Every table whose rows the rule tests."""
    held = {table.name: table for table in BY_NAME[rule.family].tables}
    unknown = set(rule.table_names) - set(held)
    if unknown:
        raise BadRule(f"{rule.code}: {rule.family} has no table {', '.join(sorted(unknown))}")
    return tuple(held[name] for name in rule.table_names)


@cache
def coded_fields(code: str) -> tuple[tuple[Table, str], ...]:
    """The coded columns that a code-list rule answers for."""
    rule = by_code()[code]
    assert isinstance(rule.logic, Codes)
    named = set(rule.logic.fields)
    others = {field for field, answers in _codes_named() if answers != code}
    return tuple(
        (table, column.name)
        for table in BY_NAME[rule.family].tables
        for column in table.columns
        if column.codelist and _answers(f"{table.name}.{column.name}", named, others)
    )


def _answers(field: str, named: set[str], others: set[str]) -> bool:
    return field in named if named else field not in others


def code_rule(family: str, table: str, column: str) -> Rule | None:
    """The rule that a code outside its list breaks."""
    answering = (rule for rule in rules() if rule.family == family and isinstance(rule.logic, Codes))
    for rule in answering:
        if any((held.name, name) == (table, column) for held, name in coded_fields(rule.code)):
            return rule
    return None


@cache
def steady_columns(family: str) -> tuple[str, ...]:
    """The columns that some rule compares with what an earlier version of the record said."""
    of_family = (rule.logic for rule in rules() if rule.family == family)
    return tuple(dict.fromkeys(logic.column for logic in of_family if isinstance(logic, Steady)))


def before(family: str) -> str:
    """The table that holds those columns of a family's earlier versions."""
    return f"{family}_before"


def _codes_named() -> Iterator[tuple[str, str]]:
    for rule in rules():
        if isinstance(rule.logic, Codes):
            yield from ((field, rule.code) for field in rule.logic.fields)


def _modules() -> Iterator[str]:
    names = ("shape", *(family.name for family in FAMILIES), "across", "lives", "rates", "not_held")
    return (f"quality.rules.{name}" for name in names if find_spec(f"quality.rules.{name}"))


def _refuse_twice(found: tuple[Rule, ...]) -> None:
    codes = [rule.code for rule in found]
    twice = {code for code in codes if codes.count(code) > 1}
    if twice:
        raise BadRule(f"more than one rule is called {', '.join(sorted(twice))}")


def _check(rule: Rule) -> None:
    if rule.family == EVERY_FAMILY:
        return
    for table in tables_of(rule):
        unknown = set(rule.fields) - {column.name for column in table.columns} - set(table.keys)
        if unknown:
            raise BadRule(f"{rule.code}: {table.name} has no {', '.join(sorted(unknown))}")
        if isinstance(rule.logic, Row):
            _check_columns(rule, parse(rule.logic.predicate, rule.family, table.name))
    if isinstance(rule.logic, Query | Rate):
        written_out(_query_of(rule.logic).replace("$key", "seq"), date.min)
    if isinstance(rule.logic, Steady) and rule.logic.column not in rule.fields:
        raise BadRule(f"{rule.code}: {rule.logic.column} is not among its fields")


def _query_of(logic: Query | Rate) -> str:
    return logic.sql if isinstance(logic, Query) else logic.figures


def _check_columns(rule: Rule, predicate: Predicate) -> None:
    tables = {table.name: table for table in BY_NAME[rule.family].tables}
    for table, column in predicate.columns():
        held = tables.get(table)
        if held is None or column not in {each.name for each in held.columns} | set(held.keys):
            raise BadRule(f"{rule.code}: {table} has no column {column}, or is no table of {rule.family}")
