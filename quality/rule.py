"""A rule: one sentence about what must be true, with its logic and its own examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

EVERY_FAMILY = "every"
"""The family of a rule that every record meets."""


class Severity(StrEnum):
    """What a broken rule costs."""

    REJECT = "reject"
    """The record is refused at the door."""
    ERROR = "error"
    """Kept, and blocks sign-off until corrected or explained."""
    QUERY = "query"
    """Kept, and wants a reason."""
    INFO = "info"
    """Kept; worth knowing."""


class Dimension(StrEnum):
    """Which side of quality a rule looks at (Government Data Quality Framework)."""

    ACCURACY = "accuracy"
    COMPLETENESS = "completeness"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"
    UNIQUENESS = "uniqueness"
    VALIDITY = "validity"


@dataclass(frozen=True)
class Row:
    """Fails where the predicate is true of a row; null passes.

    A bare column is the row's own; `record.x` is its record's; within
    `item_count('part', ...)` bare columns are the part's and `item.x` the row's.
    """

    predicate: str


@dataclass(frozen=True)
class Codes:
    """Fails where a coded field holds a code that its list does not have.

    `fields` are `table.column`; empty means every coded field of the family
    that no other rule names.
    """

    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unique:
    """Fails on each of several rows that agree in `columns`, where none is null.

    `within_record`: only rows of one record are compared.
    """

    columns: tuple[str, ...]
    within_record: bool = False


@dataclass(frozen=True)
class Query:
    """Fails on the rows that a query selects: columns `record_key` and `position` (null for the record).

    It may read any table; `$key` stands for the column that joins a part to
    its record; today(), flag(), in_use() and the functions of a predicate are
    written out. For what no other kind can say.
    """

    sql: str


@dataclass(frozen=True)
class Steady:
    """Fails where a column holds another value than an earlier version of the record did; null passes.

    `unless` is SQL over the earlier version's columns (`earlier.x`): such a version is not compared.
    """

    column: str
    unless: str = "FALSE"


@dataclass(frozen=True)
class Rate:
    """Fails on each figure of an agency that is under `least` or over `most`: for what no one record shows.

    `figures` is a query of one row a figure, written as a Query's: `source_agency`,
    whose it is; `about`, what of theirs it is of, such as a year; `n`, of how many;
    and `figure`. One of fewer than `minimum`, or null, is not judged.
    """

    figures: str
    least: float | None = None
    most: float | None = None
    minimum: int = 1


@dataclass(frozen=True)
class Shape:
    """Met by the shape of the contract or of the journal: `met_by` says how."""

    met_by: str


@dataclass(frozen=True)
class NoData:
    """Not applicable: no family holds the fact; `why` says which fact."""

    why: str


Logic = Row | Codes | Unique | Query | Steady | Rate | Shape | NoData
Patch = Mapping[str, Any]
Example = Patch | Sequence[tuple[str, Patch]]
"""Changes to the family's example record; or several records, each a family and its changes.

A change called `held` says how the record is held (workspace.HELD): its source, its agency, its child; or,
as `is_earlier`, that it is what was held before the record that has its place now.
"""


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue.

    `table` is the part whose rows it tests ("" for the record itself), `also`
    further tables that a row rule tests in the same words, `fields` the columns
    it speaks of, the first of which a finding points at. `passing`
    and `failing` are examples; `since` and `until` bound the rule in time. An
    experimental rule is tested and told of like any other, but stays out of the
    score until it is adopted: until that word is taken away.
    """

    code: str
    family: str
    severity: Severity
    says: str
    hint: str
    source: str
    dimension: Dimension
    logic: Logic
    fields: tuple[str, ...] = ()
    table: str = ""
    also: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    is_experimental: bool = False
    passing: Sequence[Example] = field(default=({},))
    failing: Sequence[Example] = field(default=())

    @property
    def table_name(self) -> str:
        """The table whose rows the rule tests."""
        return self.table or self.family

    @property
    def table_names(self) -> tuple[str, ...]:
        """Every table whose rows the rule tests."""
        return (self.table_name, *self.also)

    @property
    def in_score(self) -> bool:
        """Whether a record that breaks it is one that fails: info says only what is worth knowing."""
        return self.severity is not Severity.INFO and not self.is_experimental

    @property
    def at_the_door(self) -> bool:
        """Whether one record and the code lists are enough to decide it, row by row."""
        return isinstance(self.logic, Row)
