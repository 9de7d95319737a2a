"""Faults: planted by rule code, each a small damage to one valid record, with what must follow from it."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from quality.catalogue import by_code
from quality.rule import Steady
from seed.damage import care_episodes, child_protection, children, chronologies, plans, referrals, shape
from seed.damage.ways import Around, Damage, SideEffect
from seed.postings import Posting


@dataclass(frozen=True)
class Fault:
    """How to break one rule: the family whose record is damaged, and the damage."""

    family: str
    damage: Damage


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        rule: Fault(module.__name__.rpartition(".")[2], damage)
        for module in (care_episodes, child_protection, plans, referrals, chronologies, children)
        for rule, damage in module.DAMAGES.items()
    }
    | {rule: Fault(family, damage) for rule, (family, damage) in shape.DAMAGES.items()}
)
"""By rule code, those of the rarer families first, so that they have the first turn."""


@dataclass(frozen=True)
class Planted:
    """A fault that was planted: its rule, the damaged record, what was sent before it, and what must follow."""

    rule: str
    posting: Posting
    before: Sequence[Posting]
    side_effects: Sequence[SideEffect]

    def told(self) -> dict[str, Any]:
        """The fault as truth.json has it."""
        effects = [{"rule": effect.rule} | _where(effect.posting) for effect in self.side_effects]
        return {"rule": self.rule} | _where(self.posting) | {"side_effects": effects}


def _where(posting: Posting) -> dict[str, str]:
    return {"source": posting.source.name, "family": posting.family, "source_id": posting.source_id}


class Planter:
    """Plants faults at a rate: one a child at most, the rule whose turn is longest overdue first.

    A rule that many records can break waits while others are behind, so that
    a small population has each fault once before any has it often.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._owed = rate, 0.0
        self._counts = dict.fromkeys(FAULTS, 0)
        self._turns = list(FAULTS)

    def plant(self, household: Sequence[Posting]) -> Iterator[Planted]:
        """The faults that it is time to plant among a household's records."""
        spared: set[int] = set()
        self._owed += self._rate * len(household)
        while self._rate and self._owed > -AHEAD and (planted := self._next(household, spared)):
            self._owed -= 1
            spared |= _touched(planted)
            yield planted

    def _next(self, household: Sequence[Posting], spared: set[int]) -> Planted | None:
        open_to = [posting for posting in household if posting.person.number not in spared]
        for rule in self._turns:
            if self._is_due(rule) and (planted := _first(rule, open_to, household)):
                self._turns.remove(rule)
                self._turns.append(rule)
                self._counts[rule] += 1
                return planted
        return None

    def _is_due(self, rule: str) -> bool:
        """Whether a rule may have its turn: a first one even before a fault is owed, as it may not come again."""
        count = self._counts[rule]
        return count == 0 or (self._owed >= 1 and count < 1 + AHEAD * sum(self._counts.values()) / len(FAULTS))


AHEAD = 1.5
"""How far one rule may be planted ahead of the average of all, and the first faults ahead of the rate."""


def _first(rule: str, open_to: Sequence[Posting], household: Sequence[Posting]) -> Planted | None:
    """The fault on the first of the records that can be damaged so."""
    fitting = (posting for posting in open_to if posting.family == FAULTS[rule].family)
    return next(filter(None, (_planted(rule, posting, household) for posting in fitting)), None)


def _touched(planted: Planted) -> set[int]:
    """The numbers of the children on whom a fault has left its mark."""
    return {planted.posting.person.number, *(effect.posting.person.number for effect in planted.side_effects)}


def _planted(rule: str, posting: Posting, household: Sequence[Posting]) -> Planted | None:
    """The fault planted on that record; None where the record is not one to damage so."""
    record = deepcopy(posting.record)
    effects = FAULTS[rule].damage(record, Around(posting, household))
    if effects is None:
        return None
    before = [posting] if isinstance(by_code()[rule].logic, Steady) else []
    for _ in before:
        record["recorded_at"] += timedelta(minutes=1)
    return Planted(rule, replace(posting, record=record), before, effects)
