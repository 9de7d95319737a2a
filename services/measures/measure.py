"""What a measure is: one declared object, its definition in words beside the query that counts."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ibis.expr.types import Table

from services.measures.areas import Population
from services.measures.breakdowns import NO_GROUPS, ONE_CATEGORY, Breakdown
from services.measures.released import Released

BASIC = ("council", "year")


class Unit(StrEnum):
    """What a value is in."""

    PER_THOUSAND = "per 1,000 children"
    PER_CENT = "per cent"
    CHILDREN = "children"
    DAYS = "days (median)"


@dataclass(frozen=True)
class Measure:
    """One measure.

    `facts` gives a row for each thing in the denominator (see services.measures.facts):
    groups part the denominator, categories the numerator. `families` are the record
    families that a council must have submitted; `population` is there for a rate;
    `version` goes up when what is counted changes, so that no series runs across.
    """

    name: str
    title: str
    sentence: str
    numerator: str
    denominator: str
    exclusions: tuple[str, ...]
    unit: Unit
    families: tuple[str, ...]
    facts: Callable[[Released], Table]
    groups: Breakdown = NO_GROUPS
    categories: Breakdown = ONE_CATEGORY
    population: Population | None = None
    version: int = 1
    headline: str = ""
    """The category that the councils' table shows; empty: the one with most in Scotland."""

    @property
    def disaggregations(self) -> tuple[str, ...]:
        """By what the measure is told."""
        return (*BASIC, *(part.what for part in (self.groups, self.categories) if part.what))
