"""The rules at the door: one record's rows tested in Python, with no database and no frame."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from quality.catalogue import door_rules, predicates, tables_of
from quality.rule import Rule
from quality.scope import Closure, Scope
from schemas.tables import Row, Table


@dataclass(frozen=True)
class Failure:
    """A rule that a record breaks, and the JSON pointer to where."""

    rule: Rule
    pointer: str


def failures(family: str, rows: Mapping[str, Sequence[Row]], today: date) -> Iterator[Failure]:
    """What a record's rows (Family.rows) break, in the catalogue's order."""
    (record,) = rows[family]
    scope = Scope(record, record, rows, today)
    for rule, table, fails in _ready(family):
        for row in rows[table.name]:
            scope.row = row
            if fails(scope):
                yield Failure(rule, _pointer(table, row, rule))


@cache
def _ready(family: str) -> tuple[tuple[Rule, Table, Closure], ...]:
    """Each rule of the family with each table whose rows it tests, and what tests one."""
    return tuple(
        (rule, table, held.closure())
        for rule in door_rules(family)
        for table, held in zip(tables_of(rule), predicates(rule.code), strict=True)
    )


def _pointer(table: Table, row: Row, rule: Rule) -> str:
    steps: list[str] = []
    for name, key in zip(table.path, table.keys, strict=True):
        steps += [name, str(row[key])]
    column = table.column(rule.fields[0]) if rule.fields and rule.fields[0] not in table.keys else None
    return "".join(f"/{step}" for step in [*steps, *(column.path if column else ())])
