"""Values drawn at random for the property tests: sensible, at the edges, and null.

Drawn from a seed rather than value by value, so that many records fit one run
of DuckDB; a failing seed is kept and told by Hypothesis.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from schemas.codelists import code_list
from schemas.record import Family
from schemas.tables import Column, Row, Table

EDGES = (
    date(1900, 1, 1),
    date(1968, 2, 18),
    date(2000, 2, 29),
    date(2009, 9, 27),
    date(2013, 6, 24),
    date(2021, 8, 31),
    date(2021, 9, 1),
    date(2024, 2, 29),
    date(2024, 12, 31),
    date(2025, 1, 31),
    date(2025, 3, 30),
    date(2025, 10, 26),
    date(2026, 1, 15),
    date(2026, 1, 16),
    date(2040, 12, 31),
    date(2199, 12, 31),
)
STEPS = (
    0,
    0,
    0,
    1,
    -1,
    5,
    10,
    15,
    16,
    21,
    22,
    28,
    29,
    30,
    31,
    42,
    60,
    61,
    84,
    90,
    91,
    182,
    183,
    365,
    366,
    -365,
    6575,
    -9497,
)
TEXTS = (
    "",
    "a",
    "b",
    "other",
    "Too short",
    "Ten chars.",
    "Manipulative and DISENGAGED",
    "x" * 20,
    "x" * 601,
    "ﬁancée İstanbul \u212a\u017f",
    "👩‍👧 e\u0301",
    "child_view",
    "180669078",
    "122914177",
    "051234560",
    "0101157509",
    "1502123436",
    "3102157509",
    "010115750",
    "٠١٠١١٥٧٥٠٩",
    " 101157509",
)


class Drawn:
    """Values about one day: dates lie a telling number of days from it, so that rules come near their limits."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311
        self.days = self.about()

    def record(self, family: Family) -> dict[str, list[Row]]:
        """One record's rows by table, as Family.rows gives them."""
        self.days = self.about()
        rows: dict[str, list[Row]] = {}
        for table in family.tables:
            rows[table.name] = [keys | self._row(table) for keys in self._keys(table, rows)]
        return rows

    def value(self, kind: str) -> Any:
        return None if self.random.random() < 0.15 else self._of_kind(kind)

    def _keys(self, table: Table, rows: Mapping[str, Sequence[Row]]) -> Iterator[Row]:
        if not table.path:
            yield {}
        elif len(table.path) == 1:
            yield from ({"position": place} for place in range(self.random.randrange(4)))
        else:
            for parent in rows[table.name.removesuffix(f"_{table.path[-1]}")]:
                for place in range(self.random.randrange(3)):
                    yield {"parent_position": parent["position"], "position": place}

    def _row(self, table: Table) -> Row:
        return {column.name: self._held(column) for column in table.columns}

    def _held(self, column: Column) -> Any:
        if self.random.random() < (0.05 if column.required else 0.3):
            return None
        return self._code(column.codelist) if column.codelist else self._of_kind(column.kind)

    def _code(self, codelist: str) -> str:
        code = self.random.choice(list(code_list(codelist).rows))
        return code if self.random.random() < 0.95 else self.random.choice((code.upper() + "x", "", "'"))

    def _of_kind(self, kind: str) -> Any:
        makers: Mapping[str, Callable[[], Any]] = {
            "text": lambda: self.random.choice(TEXTS),
            "boolean": lambda: self.random.random() < 0.5,
            "integer": lambda: self.random.choice((0, 1, 3, 6, 9, 10, 60)),
            "number": self.random.random,
            "date": lambda: self.random.choice(self.days),
            "instant": self.instant,
        }
        return makers[kind]()

    def about(self) -> list[date]:
        """Six days about one of the edges."""
        about = self.random.choice(EDGES)
        return [moved(about, self.random.choice(STEPS)) for _ in range(6)]

    def instant(self) -> datetime:
        """About midnight or the change of the clocks, on one of the days."""
        at = datetime.combine(self.random.choice(self.days), time(self.random.choice((0, 1, 2, 23))), UTC)
        return at + timedelta(microseconds=self.random.choice((-1, 0, 1, 59_999_999)))


def moved(day: date, days: int) -> date:
    """The day so many days on, within the years that a record may hold."""
    first, last = date(1900, 1, 2), date(2199, 12, 30)
    return date.fromordinal(min(max(day.toordinal() + days, first.toordinal()), last.toordinal()))
