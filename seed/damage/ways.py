"""Ways to damage a record: small functions that a rule's fault is put together from.

A damage changes the record in place and gives back the further findings that
it cannot help causing, or None where this record is not one to damage so.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.codelists import code_list
from seed.postings import Posting, Record
from seed.reference import one

FAR = date(2099, 1, 1)
"""A day that is in the future whenever the data is read."""
STAND_IN = date(1900, 1, 2)
"""A day that stands for one not known."""
NO_CODE = "no-such-code"
OUTSIDE = next(
    code
    for code, row in code_list("local_authorities").rows.items()
    if row["is_council"] == "false" and row["is_not_known"] == "false"
)
"""A council of home that is none of Scotland's."""


@dataclass(frozen=True)
class SideEffect:
    """Another finding of level error, which the fault cannot help causing."""

    rule: str
    posting: Posting


@dataclass(frozen=True)
class Around:
    """What a damage may look at: the record's posting, and all postings of the household."""

    posting: Posting
    household: Sequence[Posting]

    def others(self, family: str) -> list[Posting]:
        """The child's other records of a family in the same source."""
        return [other for other in self.anywhere(family) if other.source == self.posting.source]

    def anywhere(self, family: str) -> list[Posting]:
        """The child's other records of a family in every source."""
        mine = self.posting
        return [
            p for p in self.household if p.family == family and p.person.number == mine.person.number and p is not mine
        ]

    def is_leaf(self) -> bool:
        """Whether no other record of the household refers to this one."""
        mine = self.posting.source_id
        return not any(refers(other.record, mine) for other in self.household if other is not self.posting)


Effects = Sequence[SideEffect]
Damage = Callable[[Record, Around], Effects | None]
Test = Callable[[Record], object]
NOTHING_ELSE: Effects = ()


def refers(value: Any, source_id: str) -> bool:
    """Whether a record holds that id anywhere."""
    if isinstance(value, dict):
        return any(refers(part, source_id) for part in value.values())
    if isinstance(value, list):
        return any(refers(part, source_id) for part in value)
    return bool(value == source_id)


def put(**fields: object) -> Damage:
    """Set fields."""

    def damage(record: Record, around: Around) -> Effects:
        record.update(fields)
        return NOTHING_ELSE

    return damage


def drop(*names: str) -> Damage:
    """Take fields away, all of which are there."""

    def damage(record: Record, around: Around) -> Effects | None:
        if not all(name in record for name in names):
            return None
        for name in names:
            del record[name]
        return NOTHING_ELSE

    return damage


def change(does: Callable[[Record], None]) -> Damage:
    """Change the record by a function."""

    def damage(record: Record, around: Around) -> Effects:
        does(record)
        return NOTHING_ELSE

    return damage


def both(*damages: Damage) -> Damage:
    """One damage after another; None where any of them cannot be done."""

    def damage(record: Record, around: Around) -> Effects | None:
        found: list[SideEffect] = []
        for each in damages:
            effects = each(record, around)
            if effects is None:
                return None
            found += effects
        return found

    return damage


def when(test: Test, then: Damage) -> Damage:
    """A damage only for records that pass a test."""
    return lambda record, around: then(record, around) if test(record) else None


def leaf(then: Damage) -> Damage:
    """A damage only for records that nothing refers to: refusing them takes nothing else down."""
    return lambda record, around: then(record, around) if around.is_leaf() else None


def item(part: str, test: Test, then: Callable[[Record], object]) -> Damage:
    """Change the first item of a list that passes a test."""

    def damage(record: Record, around: Around) -> Effects | None:
        found = next((each for each in record.get(part, []) if test(each)), None)
        if found is None:
            return None
        then(found)
        return NOTHING_ELSE

    return damage


def has(*names: str) -> Test:
    """The test that fields are there."""
    return lambda record: all(name in record for name in names)


def same_ids(part: str) -> Damage:
    """The second item of a list said to be the first one."""

    def damage(record: Record, around: Around) -> Effects | None:
        if len(record.get(part, [])) < 2:
            return None
        record[part][1]["id"] = record[part][0]["id"]
        return NOTHING_ELSE

    return damage


def of_nobody(then: Test = bool) -> Damage:
    """The record said to be of a child whom its source has not sent."""
    return leaf(when(then, put(child="c-none-0000-none")))


def lacks(*names: str) -> Test:
    """The test that fields are not there."""
    return lambda record: not any(name in record for name in names)


def every(*tests: Test) -> Test:
    return lambda record: all(test(record) for test in tests)


def is_flagged(codelist: str, field: str, flag: str, value: str = "true") -> Test:
    """The test that a field's code has a flag."""
    return lambda record: record.get(field) in code_list(codelist).flagged(flag, value)


def setting(**fields: object) -> Callable[[Record], None]:
    """Change an item by setting fields."""
    return lambda held: held.update(fields)


def dropping(*names: str) -> Callable[[Record], None]:
    """Change an item by taking fields away."""

    def does(held: Record) -> None:
        for name in names:
            held.pop(name, None)

    return does


def without_words(codelist: str, field: str) -> Damage:
    """Set a coded field to "other" with nothing in words."""
    return when(has(field), both(put(**{field: one(codelist, "needs_text")}), change(dropping(f"{field}_text"))))


def effects_on(rule: str, postings: Iterable[Posting]) -> list[SideEffect]:
    return [SideEffect(rule, posting) for posting in postings]
