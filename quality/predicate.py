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

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

import sqlglot
from sqlglot import exp

from quality.functions import FUNCTIONS
from quality.python_source import closure
from quality.scope import Closure
from quality.terms import BadPredicate, flagged_codes, literal, periods_of_use


@dataclass(frozen=True)
class Predicate:
    """A parsed predicate over a family's table."""

    tree: exp.Expression
    family: str
    table: str

    def closure(self) -> Closure:
        """The predicate as Python: whether it is true of a row."""
        return closure(self.tree, self.family)

    def sql(self, today: date, key: str) -> str:
        """The predicate as DuckDB SQL over the aliases `record` and, for a part, `item`.

        `key` is the column that joins a part to its record.
        """
        alias = "item" if self.table != self.family else "record"
        return _PredicateSql(today, self.family, alias, alias, key).text(self.tree)

    def columns(self) -> list[tuple[str, str]]:
        """The (table, column) pairs it reads, in order, its own row's first."""
        return list(dict.fromkeys(_columns(self.tree, self.table, self.table, self.family)))


@cache
def parse(predicate: str, family: str, table: str) -> Predicate:
    """Read a predicate; raises BadPredicate."""
    try:
        tree = sqlglot.parse_one(f"SELECT 1 WHERE {predicate}", read="duckdb").args["where"].this
    except sqlglot.errors.ParseError as error:
        raise BadPredicate(f"{predicate}: {error}") from error
    closure(tree, family)
    return Predicate(tree, family, table)


def _columns(node: exp.Expression, bare: str, item: str, family: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, exp.Column):
        yield {"": bare, "item": item, "record": family}[node.table], node.name
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "item_count":
        part = f"{family}_{literal(node.expressions[0])}"
        yield part, "position"
        for condition in node.expressions[1:]:
            yield from _columns(condition, part, bare, family)
    else:
        for child in node.iter_expressions():
            yield from _columns(child, bare, item, family)


# --- DuckDB ---------------------------------------------------------------


def written_out(query: str, today: date) -> str:
    """A query's SQL with today(), flag(), in_use() and the functions written out; raises BadPredicate."""
    return _Sql(today).text(_read(query))


@cache
def _read(query: str) -> exp.Expression:
    try:
        tree = sqlglot.parse_one(query, read="duckdb")
    except sqlglot.errors.ParseError as error:
        raise BadPredicate(f"{query}: {error}") from error
    assert isinstance(tree, exp.Expression)
    return tree


@dataclass(frozen=True)
class _Sql:
    """Writes SQL that DuckDB knows: the day as a constant, codes as lists, functions by their templates."""

    today: date

    def text(self, tree: exp.Expression) -> str:
        return tree.transform(self._node).sql(dialect="duckdb")

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
        part, each = f"{self.family}_{literal(node.expressions[0])}", f"{self.alias}_part"
        within = _PredicateSql(self.today, self.family, each, self.alias, self.key)
        condition = f" AND ({within.text(node.expressions[1])})" if len(node.expressions) > 1 else ""
        return f"SELECT count(*) FROM {part} AS {each} WHERE {each}.{self.key} = record.{self.key}{condition}"


def _raw(sql: str) -> exp.Expression:
    """SQL already written, which sqlglot passes on as it is."""
    return exp.Var(this=sql)
