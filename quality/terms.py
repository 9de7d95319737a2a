"""What the terms of a predicate stand for: constants, codes with a flag, when codes were in use."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlglot import exp

from schemas.codelists import code_list


class BadPredicate(ValueError):
    """A predicate uses something that the engines do not agree on, or names what is not there."""


def literal(node: exp.Expression) -> Any:
    """The text or whole number that a constant is; raises BadPredicate."""
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else int(node.this)
    raise BadPredicate(f"{node.sql()}: a constant was expected")


def flagged_codes(node: exp.Expression) -> frozenset[str]:
    """The codes that a flag() call stands for."""
    name, _, flag, *value = node.expressions
    codes = code_list(literal(name))
    if literal(flag) not in codes.columns:
        raise BadPredicate(f"{node.sql()}: the list has no column {literal(flag)}")
    return codes.flagged(literal(flag), *(literal(each) for each in value))


def periods_of_use(node: exp.Expression) -> Mapping[str, tuple[date | None, date | None]]:
    """From when and until when the codes of an in_use() call were in use, for those that the list dates."""
    rows = code_list(literal(node.expressions[0])).rows.items()
    dated = ((code, row) for code, row in rows if row["starts_on"] or row["ends_on"])
    return {code: (_day(row["starts_on"]), _day(row["ends_on"])) for code, row in dated}


def _day(written: str) -> date | None:
    return date.fromisoformat(written) if written else None


def is_item_count(node: exp.Expression) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "item_count"
