"""What a predicate sees of a record at the door, and which of its items a row has to look at.

A record may hold a thousand items in each of its lists, and a count within a
count looks at their product. So whatever does not depend on the row is found
once for the record, and a row looks only at the items that it could count.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlglot import exp

from schemas.tables import Row

Value = Any
FEW = 16
"""So many items are looked at one by one: putting them in order would cost more."""


@dataclass(slots=True)
class Scope:
    """What a predicate sees of one row: the row, its record, the record's other rows, the day.

    `item` is, within item_count, the row that counts. The scopes of one record
    share `worked_out`: what was found once for all of its rows.
    """

    row: Mapping[str, Value]
    record: Mapping[str, Value]
    rows: Mapping[str, Sequence[Row]]
    today: date
    item: Mapping[str, Value] | None = None
    worked_out: dict[Any, Any] = field(default_factory=dict)

    def within(self) -> "Scope":
        """For the items that this row counts: `row` is to be set to each."""
        return Scope(self.row, self.record, self.rows, self.today, self.row, self.worked_out)


def are_few(items: Sequence[Row]) -> bool:
    """Whether to look at each would cost less than to put them in order first."""
    return len(items) <= FEW


Closure = Callable[[Scope], Value]


@dataclass(frozen=True, eq=False)
class Bound:
    """A comparison of an item's value with one of the row's: it holds for a run of the items in order.

    `or_null` is for `value IS NULL OR value > limit`.
    """

    comparison: type[exp.Expression]
    value: Closure
    limit: Closure
    or_null: bool = False

    def run(self, items: Sequence[Row], key: tuple[Value, ...], scope: Scope) -> Sequence[Row]:
        """The items, all of that key, that keep within the row's limit."""
        if (self, key) not in scope.worked_out:
            scope.worked_out[self, key] = self._ordered(items, scope.within())
        values: list[Value]
        ordered: list[Row]
        values, ordered = scope.worked_out[self, key]
        limit = self.limit(scope)
        if limit is None:
            return ordered[len(values) :]
        place = (bisect_left if self.comparison in (exp.LT, exp.GTE) else bisect_right)(values, limit)
        return ordered[:place] if self.comparison in (exp.LT, exp.LTE) else ordered[place:]

    def _ordered(self, items: Sequence[Row], inner: Scope) -> tuple[list[Value], list[Row]]:
        """The values in order, and the items in that order, with those without a value last if they keep it."""
        known, unknown = [], []
        for each in items:
            inner.row = each
            value = self.value(inner)
            if value is not None:
                known.append((value, each))
            elif self.or_null:
                unknown.append(each)
        known.sort(key=lambda held: held[0])
        return [value for value, _ in known], [*(row for _, row in known), *unknown]


@dataclass(frozen=True, eq=False)
class Items:
    """The items of a part that a row's count has to look at.

    `sound` is what the condition asks of an item whatever the row; `equal` are
    the item's value and the row's that must be the same.
    """

    part: str
    sound: Closure
    equal: Sequence[tuple[Closure, Closure]]
    bounds: Sequence[Bound]

    def to_look_at(self, scope: Scope) -> Sequence[Row]:
        """For a scope whose `item` is the row that counts."""
        if self not in scope.worked_out:
            scope.worked_out[self] = self._by_key(scope.within())
        key = tuple(of_row(scope) for _, of_row in self.equal)
        found: Sequence[Row] = scope.worked_out[self].get(key, ())
        if are_few(found):
            return found
        return min((bound.run(found, key, scope) for bound in self.bounds), key=len, default=found)

    def _by_key(self, inner: Scope) -> Mapping[tuple[Value, ...], Sequence[Row]]:
        found = defaultdict(list)
        for each in inner.rows[self.part]:
            inner.row = each
            key = tuple(of_item(inner) for of_item, _ in self.equal)
            if None not in key and self.sound(inner):
                found[key].append(each)
        return found
