"""A rule's predicate: parsed once, then a Python closure for the door and SQL for DuckDB.

Allowed: comparisons, AND, OR, NOT, IS NULL, IN, BETWEEN, the functions of
quality.functions, and four that are written out when the rule is read:

- `flag('list', column, 'flag')`: the code's column `flag` in that code list is true
  (or holds the value of a fourth argument, such as 'false');
- `in_use('list', column, day)`: the code was in use on that day, by the list's own dates;
- `item_count('part', condition)`: how many items of that part meet the condition;
- `today()`: the day of the run, in Europe/London.

Anything else is refused when the catalogue is imported. Null is neither true
nor false, in both engines; a rule fails only where its predicate is true.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlglot
from sqlglot import exp

from quality.functions import FUNCTIONS
from quality.scope import Bound, Closure, Items, Scope, Value
from schemas.codelists import code_list


class BadPredicate(ValueError):
    """A predicate uses something that the engines do not agree on, or names what is not there."""


@dataclass(frozen=True)
class Predicate:
    """A parsed predicate over a family's table."""

    tree: exp.Expression
    family: str
    table: str

    def closure(self) -> Closure:
        """The predicate as Python: True, False or None (null)."""
        return _closure(self.tree, self.family)

    def sql(self, today: date, key: str) -> str:
        """The predicate as DuckDB SQL over the aliases `record` and, for a part, `item`.

        `key` is the column that joins a part to its record.
        """
        alias = "item" if self.table != self.family else "record"
        return _PredicateSql(today, self.family, alias, alias, key).text(self.tree)

    def columns(self) -> list[tuple[str, str]]:
        """The (table, column) pairs it reads, in order, its own row's first."""
        return list(dict.fromkeys(_columns(self.tree, self.table, self.table, self.family)))


def parse(predicate: str, family: str, table: str) -> Predicate:
    """Read a predicate; raises BadPredicate."""
    try:
        tree = sqlglot.parse_one(f"SELECT 1 WHERE {predicate}", read="duckdb").args["where"].this
    except sqlglot.errors.ParseError as error:
        raise BadPredicate(f"{predicate}: {error}") from error
    _closure(tree, family)
    return Predicate(tree, family, table)


def _columns(node: exp.Expression, bare: str, item: str, family: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, exp.Column):
        yield {"": bare, "item": item, "record": family}[node.table], node.name
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "item_count":
        part = f"{family}_{_literal(node.expressions[0])}"
        yield part, "position"
        for condition in node.expressions[1:]:
            yield from _columns(condition, part, bare, family)
    else:
        for child in node.iter_expressions():
            yield from _columns(child, bare, item, family)


# --- Python ---------------------------------------------------------------


def _closure(node: exp.Expression, family: str) -> Closure:
    maker = _CLOSURES.get(type(node))
    if maker is None:
        raise BadPredicate(f"{node.sql()}: {type(node).__name__} is not allowed in a predicate")
    return maker(node, family)


def _sides(node: exp.Expression, family: str) -> tuple[Closure, Closure]:
    return _closure(node.args["this"], family), _closure(node.args["expression"], family)


def _and(node: exp.Expression, family: str) -> Closure:
    left, right = _sides(node, family)

    def both(scope: Scope) -> Value:
        first = left(scope)
        if first is False:
            return False
        second = right(scope)
        return False if second is False else (None if first is None or second is None else True)

    return both


def _or(node: exp.Expression, family: str) -> Closure:
    left, right = _sides(node, family)

    def either(scope: Scope) -> Value:
        first = left(scope)
        if first is True:
            return True
        second = right(scope)
        return True if second is True else (None if first is None or second is None else False)

    return either


def _not(node: exp.Expression, family: str) -> Closure:
    inner = _closure(node.this, family)

    def negated(scope: Scope) -> Value:
        value = inner(scope)
        return None if value is None else not value

    return negated


def _is(node: exp.Expression, family: str) -> Closure:
    if not isinstance(node.expression, exp.Null):
        raise BadPredicate(f"{node.sql()}: only IS NULL and IS NOT NULL are allowed")
    inner = _closure(node.this, family)
    return lambda scope: inner(scope) is None


def _comparison(compare: Callable[[Value, Value], bool]) -> Callable[[exp.Expression, str], Closure]:
    def maker(node: exp.Expression, family: str) -> Closure:
        left, right = _sides(node, family)
        if _is_item_count(node.this) and isinstance(node.expression, exp.Literal):
            left = _item_count(node.this, family, decided_at=_decided_at(node))

        def compared(scope: Scope) -> Value:
            first, second = left(scope), right(scope)
            return None if first is None or second is None else compare(first, second)

        return compared

    return maker


def _between(node: exp.Expression, family: str) -> Closure:
    value, low, high = (_closure(part, family) for part in (node.this, node.args["low"], node.args["high"]))

    def within(scope: Scope) -> Value:
        held, least, most = value(scope), low(scope), high(scope)
        return None if None in (held, least, most) else least <= held <= most

    return within


def _in(node: exp.Expression, family: str) -> Closure:
    value = _closure(node.this, family)
    listed = frozenset(_literal(literal) for literal in node.expressions)

    def member(scope: Scope) -> Value:
        held = value(scope)
        return None if held is None else held in listed

    return member


def _literal(node: exp.Expression) -> Value:
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else int(node.this)
    raise BadPredicate(f"{node.sql()}: a constant was expected")


def _constant(node: exp.Expression, family: str) -> Closure:
    value = node.this if isinstance(node, exp.Boolean) else None if isinstance(node, exp.Null) else _literal(node)
    return lambda scope: value


def _negative(node: exp.Expression, family: str) -> Closure:
    value = -_literal(node.this)
    return lambda scope: value


def _date_constant(node: exp.Expression, family: str) -> Closure:
    if not isinstance(node.this, exp.Literal) or node.args["to"].this != exp.DataType.Type.DATE:
        raise BadPredicate(f"{node.sql()}: only DATE 'yyyy-mm-dd' is allowed")
    value = date.fromisoformat(node.this.this)
    return lambda scope: value


def _column(node: exp.Expression, family: str) -> Closure:
    name, table = node.name, node.args["table"].name if node.args.get("table") else ""
    if table == "record":
        return lambda scope: scope.record[name]
    if table == "item":
        return lambda scope: (scope.item or scope.row)[name]
    return lambda scope: scope.row[name]


def _call(node: exp.Expression, family: str) -> Closure:
    name = node.name.lower()
    if name in _WRITTEN_OUT:
        return _WRITTEN_OUT[name](node, family)
    function = FUNCTIONS.get(name)
    if function is None or function.arguments != len(node.expressions):
        raise BadPredicate(f"{node.sql()}: no such function")
    arguments = [_closure(argument, family) for argument in node.expressions]

    def called(scope: Scope) -> Value:
        values = [argument(scope) for argument in arguments]
        return None if None in values else function.python(*values)

    return called


def _today(node: exp.Expression, family: str) -> Closure:
    return lambda scope: scope.today


def _flag(node: exp.Expression, family: str) -> Closure:
    codes, value = flagged_codes(node), _closure(node.expressions[1], family)

    def flagged(scope: Scope) -> Value:
        held = value(scope)
        return None if held is None else held in codes

    return flagged


def flagged_codes(node: exp.Expression) -> frozenset[str]:
    """The codes that a flag() call stands for."""
    name, _, flag, *value = node.expressions
    codes = code_list(_literal(name))
    if _literal(flag) not in codes.columns:
        raise BadPredicate(f"{node.sql()}: the list has no column {_literal(flag)}")
    return codes.flagged(_literal(flag), *(_literal(each) for each in value))


def _in_use(node: exp.Expression, family: str) -> Closure:
    periods, (code, day) = periods_of_use(node), (_closure(each, family) for each in node.expressions[1:])

    def in_use(scope: Scope) -> Value:
        held, on = code(scope), day(scope)
        if held is None or on is None:
            return None
        first, last = periods.get(held, (None, None))
        return (first is None or on >= first) and (last is None or on <= last)

    return in_use


def periods_of_use(node: exp.Expression) -> Mapping[str, tuple[date | None, date | None]]:
    """From when and until when the codes of an in_use() call were in use, for those that the list dates."""
    rows = code_list(_literal(node.expressions[0])).rows.items()
    dated = ((code, row) for code, row in rows if row["starts_on"] or row["ends_on"])
    return {code: (_day(row["starts_on"]), _day(row["ends_on"])) for code, row in dated}


def _day(written: str) -> date | None:
    return date.fromisoformat(written) if written else None


def _is_item_count(node: exp.Expression) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "item_count"


def _decided_at(comparison: exp.Expression) -> int:
    """The count at which a comparison with a constant is settled, however many more there are."""
    return int(_literal(comparison.expression)) + (0 if isinstance(comparison, exp.GTE | exp.LT) else 1)


def _item_count(node: exp.Expression, family: str, decided_at: int | None = None) -> Closure:
    """How many items meet the condition, counted no further than `decided_at`."""
    part = f"{family}_{_literal(node.expressions[0])}"
    if len(node.expressions) == 1:
        return lambda scope: len(scope.rows[part])
    conditions = _conjuncts(node.expressions[1])
    of_row = [each for each in conditions if _speaks_of_row(each)]
    sound = _all([each for each in conditions if each not in of_row], family)
    items, meets = _items(part, sound, of_row, family), _all(of_row, family)

    def counted(scope: Scope) -> int:
        inner, count = scope.within(), 0
        for each in items.to_look_at(inner):
            inner.row = each
            if meets(inner):
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
    """Whether every one is true; false and null are the same here."""
    held = [_closure(each, family) for each in conditions]

    return lambda scope: all(each(scope) is True for each in held)


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
    return Bound(comparison, _closure(value, family), _closure(limit, family), or_null)


def _unless_null(condition: exp.Expression) -> exp.Expression:
    """Of `x IS NULL OR x > y`, `x > y`; any other condition as it is."""
    if isinstance(condition, exp.Or) and isinstance(condition.this, exp.Is):
        node: exp.Expression = condition.expression
        if type(node) in _TURNED_ROUND and condition.this.this == node.this:
            return node
    return condition


def _speaks_of_row(node: exp.Expression) -> bool:
    """Whether it names `item.x`; within a further item_count that is the item, not the row."""
    if _is_item_count(node):
        return False
    return getattr(node, "table", "") == "item" or any(_speaks_of_row(each) for each in node.iter_expressions())


def _speaks_of_item(node: exp.Expression) -> bool:
    bare = isinstance(node, exp.Column) and not node.table
    return bare or _is_item_count(node) or any(_speaks_of_item(each) for each in node.iter_expressions())


_TURNED_ROUND: Mapping[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.EQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}
_WRITTEN_OUT: Mapping[str, Callable[[exp.Expression, str], Closure]] = {
    "flag": _flag,
    "in_use": _in_use,
    "item_count": _item_count,
}
_CLOSURES: Mapping[type, Callable[[exp.Expression, str], Closure]] = {
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    exp.Is: _is,
    exp.Paren: lambda node, family: _closure(node.this, family),
    exp.EQ: _comparison(lambda a, b: bool(a == b)),
    exp.NEQ: _comparison(lambda a, b: bool(a != b)),
    exp.LT: _comparison(lambda a, b: bool(a < b)),
    exp.LTE: _comparison(lambda a, b: bool(a <= b)),
    exp.GT: _comparison(lambda a, b: bool(a > b)),
    exp.GTE: _comparison(lambda a, b: bool(a >= b)),
    exp.Between: _between,
    exp.In: _in,
    exp.Literal: _constant,
    exp.Boolean: _constant,
    exp.Null: _constant,
    exp.Neg: _negative,
    exp.Cast: _date_constant,
    exp.Column: _column,
    exp.CurrentDate: _today,
    exp.Anonymous: _call,
}


# --- DuckDB ---------------------------------------------------------------


def written_out(query: str, today: date) -> str:
    """A query's SQL with today(), flag(), in_use() and the functions written out; raises BadPredicate."""
    try:
        tree = sqlglot.parse_one(query, read="duckdb")
    except sqlglot.errors.ParseError as error:
        raise BadPredicate(f"{query}: {error}") from error
    assert isinstance(tree, exp.Expression)
    return _Sql(today).text(tree)


@dataclass(frozen=True)
class _Sql:
    """Writes SQL that DuckDB knows: the day as a constant, codes as lists, functions by their templates."""

    today: date

    def text(self, tree: exp.Expression) -> str:
        return tree.copy().transform(self._node).sql(dialect="duckdb")

    def _node(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.CurrentDate):
            return _raw(f"DATE '{self.today}'")
        if isinstance(node, exp.Anonymous):
            return self._call(node)
        return node

    def _call(self, node: exp.Anonymous) -> exp.Expression:
        name = node.name.lower()
        if name == "flag":
            codes = ", ".join(f"'{code}'" for code in sorted(flagged_codes(node))) or "''"
            return _raw(f"({self.text(node.expressions[1])} IN ({codes}))")
        if name == "in_use":
            return _raw(f"({self._in_use(node)})")
        if name in FUNCTIONS:
            arguments = (self.text(argument) for argument in node.expressions)
            return _raw(f"({FUNCTIONS[name].sql.format(*arguments)})")
        return node

    def _in_use(self, node: exp.Anonymous) -> str:
        code, day = (self.text(each) for each in node.expressions[1:])
        whens = (f"WHEN '{held}' THEN {_within(day, *period)}" for held, period in periods_of_use(node).items())
        known = f"{code} IS NOT NULL AND {day} IS NOT NULL"
        return f"CASE WHEN {known} THEN CASE {code} {' '.join(whens)} ELSE true END END"


def _within(day: str, first: date | None, last: date | None) -> str:
    return f"{day} BETWEEN DATE '{first or date.min}' AND DATE '{last or date.max}'"


@dataclass(frozen=True)
class _PredicateSql(_Sql):
    """Writes a predicate: bare columns get `alias`, `item`'s the row's own."""

    family: str
    alias: str
    item: str
    key: str

    def _node(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column) and node.table in ("", "item"):
            return exp.column(node.name, table=self.item if node.table else self.alias)
        return super()._node(node)

    def _call(self, node: exp.Anonymous) -> exp.Expression:
        return _raw(f"({self._item_count(node)})") if node.name.lower() == "item_count" else super()._call(node)

    def _item_count(self, node: exp.Anonymous) -> str:
        part, each = f"{self.family}_{_literal(node.expressions[0])}", f"{self.alias}_part"
        within = _PredicateSql(self.today, self.family, each, self.alias, self.key)
        condition = f" AND ({within.text(node.expressions[1])})" if len(node.expressions) > 1 else ""
        return f"SELECT count(*) FROM {part} AS {each} WHERE {each}.{self.key} = record.{self.key}{condition}"


def _raw(sql: str) -> exp.Expression:
    """SQL already written, which sqlglot passes on as it is."""
    return exp.Var(this=sql)
