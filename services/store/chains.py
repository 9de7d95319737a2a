"""Whether logs are still what was sealed: their chains walked from the first seal to the last, entry by entry.

It knows seals and entries, not where they come from: the store, or an export of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from services.store.seals import LOGS, NOTHING_BEFORE, Seal, Sealable, root_of


@dataclass(frozen=True)
class Broken:
    """Where a log is not what was sealed: the agency, its seal where there is one, and the entries in question."""

    log: str
    agency: str
    seal: int | None
    first_entry: int | None
    last_entry: int | None
    says: str


@dataclass(frozen=True)
class Restored:
    """That a seal was made by another database than the one before it: the store was restored in between."""

    log: str
    agency: str
    seal: int
    was: str
    became: str


Chain = tuple[str, str]
"""A log and an agency."""


@dataclass
class Verified:
    """What verification found: the chains themselves, how many entries are sealed and not yet, and what is wrong."""

    chains: Mapping[Chain, Sequence[Seal]]
    sealed_counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LOGS, 0))
    unsealed_counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LOGS, 0))
    restored: list[Restored] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)


def verify(seals: Iterable[Seal], entries: Mapping[str, Iterable[Sealable]]) -> Verified:
    """Walk every chain; `entries` are those of each log, in the order of their numbers."""
    chains: dict[Chain, list[Seal]] = defaultdict(list)
    for each in seals:
        chains[each.log, each.agency].append(each)
    found = Verified(chains)
    for chain in chains.values():
        _follow(chain, found)
    for name, given in entries.items():
        _Walk(name, found).through(given)
    return found


def _follow(chain: Sequence[Seal], found: Verified) -> None:
    """Whether each seal is what it was and follows on the one before."""
    previous, number = NOTHING_BEFORE, 0
    for each in chain:
        if each.log not in LOGS:
            found.broken.append(_at(each, "the seal is of a log that there is not"))
        if each.hashed() != each.hash:
            found.broken.append(_at(each, "the seal was changed"))
        if (each.number, each.previous) != (number + 1, previous):
            found.broken.append(_at(each, f"the seal does not follow on seal {number}, the one before it here"))
        previous, number = each.hash, each.number
    for before, after in pairwise(chain):
        if before.lineage != after.lineage:
            link = Restored(after.log, after.agency, after.number, before.lineage, after.lineage)
            found.restored.append(link)


class _Walk:
    """One log's entries, handed to their seals in order."""

    def __init__(self, name: str, found: Verified) -> None:
        self._name, self._found = name, found
        self._open = {agency: iter(chain) for (log, agency), chain in found.chains.items() if log == name}
        self._seal = {agency: next(chain) for agency, chain in self._open.items()}
        self._under: dict[str, list[Sealable]] = defaultdict(list)
        reaches = (each.sealed_to for (log, _), chain in found.chains.items() if log == name for each in chain)
        self._sealed_to = max(reaches, default=0)
        self._strays: dict[str, list[int]] = defaultdict(list)

    def through(self, entries: Iterable[Sealable]) -> None:
        for each in entries:
            while (seal := self._seal.get(each.agency)) and seal.sealed_to < each.number:
                self._close(seal)
            if seal:
                self._under[each.agency].append(each)
            else:
                self._outside(each)
        for left in list(self._seal.values()):
            while seal := self._seal.get(left.agency):
                self._close(seal)
        for agency, strays in self._strays.items():
            says = f"{len(strays)} entries stand under no seal, where all were sealed"
            self._found.broken.append(Broken(self._name, agency, None, strays[0], strays[-1], says))

    def _close(self, seal: Seal) -> None:
        """Compare what stands under a seal with what was sealed, and go on to the next."""
        under = self._under.pop(seal.agency, [])
        if len(under) != seal.entry_count:
            says = f"{seal.entry_count} entries were sealed, {len(under)} are there"
            self._found.broken.append(_at(seal, says))
        elif root_of(under) != seal.root:
            self._found.broken.append(_at(seal, "the entries are not those that were sealed"))
        self._found.sealed_counts[self._name] += len(under)
        following = next(self._open[seal.agency], None)
        if following is None:
            del self._seal[seal.agency]
        else:
            self._seal[seal.agency] = following

    def _outside(self, entry: Sealable) -> None:
        """An entry after its agency's last seal: not sealed yet, or put among those that were."""
        if entry.number > self._sealed_to:
            self._found.unsealed_counts[self._name] += 1
        else:
            self._strays[entry.agency].append(entry.number)


def _at(seal: Seal, says: str) -> Broken:
    return Broken(seal.log, seal.agency, seal.number, seal.first_entry, seal.last_entry, says)
