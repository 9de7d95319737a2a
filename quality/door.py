"""The rules at the door: one record's rows tested in Python, with no database and no frame."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import itemgetter

from quality.catalogue import door_rules, predicates, tables_of
from quality.python_source import closures
from quality.rule import Rule
from quality.scope import Scope
from schemas.registry import BY_NAME
from schemas.tables import Row, Table


@dataclass(frozen=True)
class Failure:
    """A rule that a record breaks, and the JSON pointer to where."""

    rule: Rule
    pointer: str


def failures(family: str, rows: Mapping[str, Sequence[Row]], today: date) -> list[Failure]:
    """What a record's rows (Family.rows) break, in the catalogue's order."""
    (record,) = rows[family]
    scope = Scope(record, record, rows, today)
    found: list[tuple[int, Failure]] = []
    for table, tested, broken_by in _ready(family):
        for row in rows[table.name]:
            scope.row = row
            for place in broken_by(scope):
                order, rule = tested[place]
                found.append((order, Failure(rule, _pointer(table, row, rule))))
    return [failure for _, failure in sorted(found, key=itemgetter(0))]


Tested = Sequence[tuple[int, Rule]]
"""Rules, each with its place in the catalogue."""


@cache
def _ready(family: str) -> tuple[tuple[Table, Tested, Callable[[Scope], list[int]]], ...]:
    """Each table of the family with the rules that test its rows, and what tests one by all of them."""
    ready = []
    for table in BY_NAME[family].tables:
        tested = [(order, rule) for order, rule in enumerate(door_rules(family)) if table in tables_of(rule)]
        trees = [predicates(rule.code)[tables_of(rule).index(table)].tree for _, rule in tested]
        if tested:
            ready.append((table, tested, closures(trees, family)))
    return tuple(ready)


def _pointer(table: Table, row: Row, rule: Rule) -> str:
    steps: list[str] = []
    for name, key in zip(table.path, table.keys, strict=True):
        steps += [name, str(row[key])]
    column = table.column(rule.fields[0]) if rule.fields and rule.fields[0] not in table.keys else None
    return "".join(f"/{step}" for step in [*steps, *(column.path if column else ())])
