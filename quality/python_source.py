"""A predicate as Python: written out as source, compiled once, so that a record's rules cost microseconds.

SQL knows true, false and null; a rule fails only where its predicate is true.
So a condition is written in two forms, that it is true and that it is false,
each an ordinary Python condition in which a null makes either of them false.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlglot import exp

from quality.functions import FUNCTIONS
from quality.scope import Bound, Closure, Items, Scope, are_few
from quality.terms import BadPredicate, flagged_codes, is_item_count, literal, periods_of_use

PLACES = {"row": "scope.row", "item": "(scope.item or scope.row)", "record": "scope.record", "today": "scope.today"}
"""The names that source may use, and what they are of a scope."""


def closure(condition: exp.Expression, family: str) -> Closure:
    """Whether the condition is true of a scope; raises BadPredicate."""
    source = _Source(family)
    return source.compiled(source.true(condition))


def closures(conditions: Sequence[exp.Expression], family: str) -> Callable[[Scope], list[int]]:
    """Which of the conditions are true of a scope, by their places: what they share is read once."""
    source = _Source(family)
    return source.compiled_together([source.true(condition) for condition in conditions])


def _value(node: exp.Expression, family: str) -> Closure:
    """The value of an expression in a scope, None for null."""
    source = _Source(family)
    return source.compiled(source.value(node))


@dataclass
class _Source:
    """Writes Python source; `constants` are the objects that it names."""

    family: str
    constants: dict[str, Any] = field(default_factory=dict)
    temporaries: int = 0

    def compiled(self, expression: str) -> Closure:
        return self._made(f"    return {expression}\n")

    def compiled_together(self, expressions: Sequence[str]) -> Callable[[Scope], list[int]]:
        tests = "".join(f"    if {each}: found.append({place})\n" for place, each in enumerate(expressions))
        return self._made(f"    found = []\n{tests}    return found\n")

    def _made(self, body: str) -> Closure:
        used = {name: place for name, place in PLACES.items() if name in body}
        setting = "".join(f"    {name} = {place}\n" for name, place in used.items())
        made: dict[str, Any] = dict(self.constants)
        exec(f"def closure(scope):\n{setting}{body}", made)  # noqa: S102  (source of our own rules)
        found: Closure = made["closure"]
        return found

    # --- conditions: that one is true, that one is false -------------------

    def true(self, node: exp.Expression) -> str:
        return self._condition(node, True)

    def false(self, node: exp.Expression) -> str:
        return self._condition(node, False)

    def _condition(self, node: exp.Expression, wanted: bool) -> str:
        write = _CONDITIONS.get(type(node))
        return write(self, node, wanted) if write else f"({self.value(node)}) is {wanted}"

    def both(self, node: exp.Expression, wanted: bool) -> str:
        return self._joined(node, wanted, "and" if wanted else "or")

    def either(self, node: exp.Expression, wanted: bool) -> str:
        return self._joined(node, wanted, "or" if wanted else "and")

    def _joined(self, node: exp.Expression, wanted: bool, word: str) -> str:
        return f"({self._condition(node.this, wanted)} {word} {self._condition(node.expression, wanted)})"

    def negated(self, node: exp.Expression, wanted: bool) -> str:
        return self._condition(node.this, not wanted)

    def in_brackets(self, node: exp.Expression, wanted: bool) -> str:
        return self._condition(node.this, wanted)

    def is_null(self, node: exp.Expression, wanted: bool) -> str:
        if not isinstance(node.expression, exp.Null):
            raise BadPredicate(f"{node.sql()}: only IS NULL and IS NOT NULL are allowed")
        return f"({self.value(node.this)}) {'is' if wanted else 'is not'} None"

    def compared(self, node: exp.Expression, wanted: bool) -> str:
        left, right = self._counted_or_value(node), self.value(node.expression)
        return self._known([left, right], wanted, lambda a, b: f"{a} {_SIGNS[type(node)]} {b}")

    def _counted_or_value(self, node: exp.Expression) -> str:
        """The left side; a count that is compared with a constant is counted no further than settles it."""
        if is_item_count(node.this) and isinstance(node.expression, exp.Literal):
            return self._counted(node.this, _decided_at(node))
        return self.value(node.this)

    def between(self, node: exp.Expression, wanted: bool) -> str:
        """As two comparisons: where one limit is null the other may still settle it."""
        value, low, high = (part.copy() for part in (node.this, node.args["low"], node.args["high"]))
        above, below = exp.GTE(this=value, expression=low), exp.LTE(this=value.copy(), expression=high)
        return self.both(exp.And(this=above, expression=below), wanted)

    def listed(self, node: exp.Expression, wanted: bool) -> str:
        listed = self._named(frozenset(literal(each) for each in node.expressions))
        return self._known([self.value(node.this)], wanted, lambda value: f"{value} in {listed}")

    def _known(self, values: Sequence[str], wanted: bool, test: Callable[..., str]) -> str:
        """That a test of values is true or false, none of them null."""
        names = [value if _is_certain(value) else self._temporary() for value in values]
        known = [
            f"({name} := {value}) is not None" if name != value else f"{name} is not None"
            for name, value in zip(names, values, strict=True)
            if not _is_constant(value)
        ]
        return f"({' and '.join([*known, f'({test(*names)}) is {wanted}'])})"

    # --- values -------------------------------------------------------------

    def value(self, node: exp.Expression) -> str:
        write = _VALUES.get(type(node))
        if write is None:
            raise BadPredicate(f"{node.sql()}: {type(node).__name__} is not allowed in a predicate")
        return write(self, node)

    def column(self, node: exp.Expression) -> str:
        place = node.args["table"].name if node.args.get("table") else "row"
        return f'{place if place in ("record", "item") else "row"}["{node.name}"]'

    def constant(self, node: exp.Expression) -> str:
        if isinstance(node, exp.Null):
            return "None"
        return repr(node.this if isinstance(node, exp.Boolean) else literal(node))

    def negative(self, node: exp.Expression) -> str:
        return f"-{literal(node.this)}"

    def day(self, node: exp.Expression) -> str:
        if not isinstance(node.this, exp.Literal) or node.args["to"].this != exp.DataType.Type.DATE:
            raise BadPredicate(f"{node.sql()}: only DATE 'yyyy-mm-dd' is allowed")
        return self._named(date.fromisoformat(node.this.this))

    def today(self, node: exp.Expression) -> str:
        return "today"

    def condition_as_value(self, node: exp.Expression) -> str:
        """A condition where a value is wanted: True, False or None."""
        return f"(True if {self.true(node)} else False if {self.false(node)} else None)"

    def call(self, node: exp.Expression) -> str:
        name = node.name.lower()
        if name == "item_count":
            return self._counted(node)
        if name in ("flag", "in_use"):
            return self.condition_as_value(node)
        function = FUNCTIONS.get(name)
        if function is None or function.arguments != len(node.expressions):
            raise BadPredicate(f"{node.sql()}: no such function")
        arguments = [self.value(argument) for argument in node.expressions]
        called = self._named(function.python)
        return self._unless_null(arguments, lambda *names: f"{called}({', '.join(names)})")

    def called(self, node: exp.Expression, wanted: bool) -> str:
        """A call that is a condition: flag(), in_use(), or a function that is true or false."""
        name = node.name.lower()
        if name == "flag":
            codes = self._named(flagged_codes(node))
            return self._known([self.value(node.expressions[1])], wanted, lambda value: f"{value} in {codes}")
        if name == "in_use":
            in_use = self._named(_in_use(periods_of_use(node)))
            sides = [self.value(each) for each in node.expressions[1:]]
            return self._known(sides, wanted, lambda code, day: f"{in_use}({code}, {day})")
        return f"({self.call(node)}) is {wanted}"

    def _unless_null(self, values: Sequence[str], made: Callable[..., str]) -> str:
        names = [value if _is_certain(value) else self._temporary() for value in values]
        nulls = [
            f"({name} := {value}) is None" if name != value else f"{name} is None"
            for name, value in zip(names, values, strict=True)
            if not _is_constant(value)
        ]
        return f"(None if {' or '.join(nulls)} else {made(*names)})" if nulls else made(*names)

    def _counted(self, node: exp.Expression, decided_at: int | None = None) -> str:
        return f"{self._named(_item_count(node, self.family, decided_at))}(scope)"

    def _named(self, constant: Any) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants[name] = constant
        return name

    def _temporary(self) -> str:
        self.temporaries += 1
        return f"value_{self.temporaries}"


def _is_certain(value: str) -> bool:
    """Whether writing it twice costs nothing: a column, a constant, today."""
    return _is_constant(value) or value.startswith(("row[", "record[", "item["))


def _is_constant(value: str) -> bool:
    return value == "today" or value[0] in "-'\"0123456789" or (value.startswith("constant_") and "(" not in value)


def _in_use(periods: Mapping[str, tuple[date | None, date | None]]) -> Callable[[str, date], bool]:
    def in_use(code: str, day: date) -> bool:
        first, last = periods.get(code, (None, None))
        return (first is None or day >= first) and (last is None or day <= last)

    return in_use


# --- counting the items of a part -------------------------------------------


def _decided_at(comparison: exp.Expression) -> int:
    """The count at which a comparison with a constant is settled, however many more there are."""
    return int(literal(comparison.expression)) + (0 if isinstance(comparison, exp.GTE | exp.LT) else 1)


def _item_count(node: exp.Expression, family: str, decided_at: int | None = None) -> Closure:
    """How many items meet the condition, counted no further than `decided_at`."""
    part = f"{family}_{literal(node.expressions[0])}"
    if len(node.expressions) == 1:
        return lambda scope: len(scope.rows[part])
    conditions = _conjuncts(node.expressions[1])
    of_row = [each for each in conditions if _speaks_of_row(each)]
    sound = _all([each for each in conditions if each not in of_row], family)
    items, meets, meets_all = _items(part, sound, of_row, family), _all(of_row, family), _all(conditions, family)

    def counted(scope: Scope) -> int:
        listed = scope.rows[part]
        if not listed:
            return 0
        inner, count = scope.within(), 0
        few = are_few(listed)
        counts = meets_all if few else meets
        for each in listed if few else items.to_look_at(inner):
            inner.row = each
            if counts(inner):
                count += 1
                if count == decided_at:
                    break
        return count

    return counted


def _conjuncts(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    return [*_conjuncts(node.this), *_conjuncts(node.expression)] if isinstance(node, exp.And) else [node]


def _all(conditions: Sequence[exp.Expression], family: str) -> Closure:
    """Whether every one is true."""
    source = _Source(family)
    return source.compiled(" and ".join(source.true(each) for each in conditions) or "True")


def _items(part: str, sound: Closure, conditions: Sequence[exp.Expression], family: str) -> Items:
    compared = [found for each in conditions if (found := _compared(each, family))]
    equal = [(held.value, held.limit) for held in compared if held.comparison is exp.EQ]
    return Items(part, sound, equal, [held for held in compared if held.comparison is not exp.EQ])


def _compared(condition: exp.Expression, family: str) -> Bound | None:
    """A condition that compares an item's value with the row's, either way round; None for any other."""
    node = _unless_null(condition)
    comparison, or_null = type(node), node is not condition
    if comparison not in _TURNED_ROUND or (or_null and comparison not in (exp.GT, exp.GTE)):
        return None
    value, limit = node.this, node.expression
    if _speaks_of_row(value) and not or_null:
        value, limit, comparison = limit, value, _TURNED_ROUND[comparison]
    if _speaks_of_row(value) or _speaks_of_item(limit):
        return None
    return Bound(comparison, _value(value, family), _value(limit, family), or_null)


def _unless_null(condition: exp.Expression) -> exp.Expression:
    """Of `x IS NULL OR x > y`, `x > y`; any other condition as it is."""
    if isinstance(condition, exp.Or) and isinstance(condition.this, exp.Is):
        node: exp.Expression = condition.expression
        if type(node) in _TURNED_ROUND and condition.this.this == node.this:
            return node
    return condition


def _speaks_of_row(node: exp.Expression) -> bool:
    """Whether it names `item.x`; within a further item_count that is the item, not the row."""
    if is_item_count(node):
        return False
    return getattr(node, "table", "") == "item" or any(_speaks_of_row(each) for each in node.iter_expressions())


def _speaks_of_item(node: exp.Expression) -> bool:
    bare = isinstance(node, exp.Column) and not node.table
    return bare or is_item_count(node) or any(_speaks_of_item(each) for each in node.iter_expressions())


_TURNED_ROUND: Mapping[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.EQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}
_SIGNS: Mapping[type, str] = {exp.EQ: "==", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_CONDITIONS: Mapping[type, Callable[[_Source, exp.Expression, bool], str]] = {
    exp.And: _Source.both,
    exp.Or: _Source.either,
    exp.Not: _Source.negated,
    exp.Paren: _Source.in_brackets,
    exp.Is: _Source.is_null,
    **dict.fromkeys(_SIGNS, _Source.compared),
    exp.Between: _Source.between,
    exp.In: _Source.listed,
    exp.Anonymous: _Source.called,
}
_VALUES: Mapping[type, Callable[[_Source, exp.Expression], str]] = {
    **dict.fromkeys((kind for kind in _CONDITIONS if kind is not exp.Anonymous), _Source.condition_as_value),
    exp.Paren: lambda source, node: source.value(node.this),
    exp.Literal: _Source.constant,
    exp.Boolean: _Source.constant,
    exp.Null: _Source.constant,
    exp.Neg: _Source.negative,
    exp.Cast: _Source.day,
    exp.Column: _Source.column,
    exp.CurrentDate: _Source.today,
    exp.Anonymous: _Source.call,
}
