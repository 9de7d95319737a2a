"""Rules, and the families' contracts, in Great Expectations' own words: codes in lists, unique, not empty.

Nothing here is written by quality.sql, so these count what a run counted by another way, and on
PostgreSQL as it is. A rule is said so only where the words mean the same; of others nothing is said.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlglot import exp

from quality.catalogue import coded_fields, predicates
from quality.expectations import Expectation
from quality.rule import Codes, Row, Rule, Unique
from schemas.codelists import code_list
from schemas.fields import AGENCY_PATTERN
from schemas.tables import Table

AGENCIES = "agencies"
NATURAL_KEY = ("source_agency", "source", "source_id")
CONTRACT = "contract"
"""What the answers of a contract's expectations go by: they are of no rule, and must all be 0."""
Condition = dict[str, Any]
"""A row condition as Great Expectations writes it in JSON."""


def said(rule: Rule, key: str = "seq") -> list[Expectation]:
    """The expectations whose failing rows are together the rule's; none where it cannot be said so."""
    writer = _WRITERS.get(type(rule.logic))
    return list(writer(rule, key)) if writer else []


def contract(table: Table, key: str = "seq") -> Iterator[Expectation]:
    """What the contract says of a table: which columns are never empty, and its key."""
    unique = (key, *table.keys) if table.is_part else NATURAL_KEY
    required = [column.name for column in table.columns if column.required]
    for column in dict.fromkeys((key, *unique, *required)):
        yield Expectation(CONTRACT, table.name, "ExpectColumnValuesToNotBeNull", {"column": column})
    yield _unique_together(CONTRACT, table.name, unique)


def _codes(rule: Rule, key: str) -> Iterator[Expectation]:
    for table, column in coded_fields(rule.code):
        named = table.column(column).codelist
        assert named is not None
        codes = list(code_list(named).rows)
        arguments: dict[str, Any] = {"column": column}
        if named == AGENCIES:
            arguments["regex"] = f"^({'|'.join(codes)}|{AGENCY_PATTERN})$"
            yield Expectation(rule.code, table.name, "ExpectColumnValuesToMatchRegex", arguments)
        else:
            arguments["value_set"] = codes
            yield Expectation(rule.code, table.name, "ExpectColumnValuesToBeInSet", arguments)


def _unique(rule: Rule, key: str) -> Iterator[Expectation]:
    assert isinstance(rule.logic, Unique)
    within = (key,) if rule.logic.within_record else ()
    yield _unique_together(rule.code, rule.table_name, (*within, *rule.logic.columns))


def _unique_together(rule: str, table: str, columns: Sequence[str]) -> Expectation:
    if len(columns) == 1:
        return Expectation(rule, table, "ExpectColumnValuesToBeUnique", {"column": columns[0]})
    together = {"column_list": list(columns), "ignore_row_if": "any_value_is_missing"}
    return Expectation(rule, table, "ExpectCompoundColumnsToBeUnique", together)


def _not_null(rule: Rule, key: str) -> Iterator[Expectation]:
    """Of a predicate that asks only which of a row's own columns are empty: its last is, where the others are so."""
    for table, held in zip(rule.table_names, predicates(rule.code), strict=True):
        empty = list(_nullities(held.tree))
        wanted = next((name for name, is_null in reversed(empty) if is_null), None)
        if wanted is None or "" in dict(empty):
            return
        others = [_condition(name, is_null) for name, is_null in empty if name != wanted]
        arguments = {"column": wanted} | ({"row_condition": _all(others)} if others else {})
        yield Expectation(rule.code, table, "ExpectColumnValuesToNotBeNull", arguments)


def _nullities(tree: exp.Expression) -> Iterator[tuple[str, bool]]:
    """Each column with whether it must be empty, of a conjunction of such; an empty name for anything else."""
    for part in tree.flatten() if isinstance(tree, exp.And) else [tree]:
        asked = part.this if isinstance(part, exp.Not) else part
        column = asked.this if isinstance(asked, exp.Is) and isinstance(asked.expression, exp.Null) else None
        name = column.name if isinstance(column, exp.Column) and not column.table else ""
        yield name, asked is part


def _condition(column: str, is_null: bool) -> Condition:
    return {"type": "nullity", "column": {"name": column}, "is_null": is_null}


def _all(conditions: Sequence[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else {"type": "and", "conditions": list(conditions)}


_WRITERS: Mapping[type, Callable[[Rule, str], Iterator[Expectation]]] = {
    Row: _not_null,
    Codes: _codes,
    Unique: _unique,
}
