"""A posting: one record of one source, as its system sends it; and what the histories need to write it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from seed.days import recorded_after
from seed.identifiers import opaque
from seed.population import Household, Person
from seed.reference import fits, grouped
from seed.sources import SourceSystem
from seed.story import Story

Key = tuple[str, str, str]
"""A record's natural key: source, family, source_id."""

Record = dict[str, Any]
"""One record by the field names of its contract; dates and instants are still Python's."""


@dataclass(frozen=True)
class Posting:
    """One record of one source, about one person."""

    source: SourceSystem
    family: str
    source_id: str
    record: Record
    person: Person

    @property
    def key(self) -> Key:
        return self.source.name, self.family, self.source_id

    @property
    def recorded_at(self) -> datetime:
        recorded_at: datetime = self.record["recorded_at"]
        return recorded_at


@dataclass(frozen=True)
class Case:
    """One child with its story, and by kind the sources that hold the child.

    `moved` is the same child as another council knows it, to which the family
    has gone; None for most. There `is_moved` is true.
    """

    person: Person
    story: Story
    household: Household
    holders: Mapping[str, SourceSystem]
    moved: "Case | None" = None
    is_moved: bool = False

    def rng(self, purpose: str) -> Random:
        return self.person.rng(purpose)

    def agency(self, kind: str) -> str | None:
        """The agency of the source of a kind, where one holds the child."""
        source = self.holders.get(kind)
        return source.agency if source else None


def id_of(person: Person, source: SourceSystem, family: str, ordinal: int = 0) -> str:
    """The source's own id of a record about a person."""
    return f"{PREFIXES[family]}-{opaque(person.seed, source.name, family, person.number, ordinal)}"


PREFIXES = {
    "children": "c",
    "referrals": "r",
    "plans": "pl",
    "chronologies": "ch",
    "care_episodes": "ce",
    "child_protection": "cp",
}


def posting(case: Case, kind: str, family: str, fields: Record, rng: Random, ordinal: int = 0) -> Posting:
    """A record about the child from its source of a kind, recorded after all that it tells of."""
    source = case.holders[kind]
    about = {} if family == "children" else {"child": id_of(case.person, source, "children")}
    told = {name: value for name, value in fields.items() if value not in (None, [], "", {})}
    record = {"recorded_at": recorded_after(told, rng)} | about | told
    return Posting(source, family, id_of(case.person, source, family, ordinal), record, case.person)


def role_of(kind: str, age: int, does: str) -> str:
    """The role that records, takes part in or leads work with a child of that age, in a kind of source."""
    return next(row[does] for row in grouped("roles", "kind")[kind] if fits(row, age))
