"""What exports say of a store's audit: that they are whole and signed, and that the store still has what they saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.access.checkpoint_keys import PublicKeys, is_signed
from services.access.checkpoints import Checkpoint
from services.store.chains import Chain
from services.store.seals import NOTHING_BEFORE, Head, Seal


@dataclass(frozen=True)
class Spoilt:
    """An export that is not what was exported."""

    export: int | str
    says: str


@dataclass(frozen=True)
class Missing:
    """That a chain does not have the seal that an export saw at its end.

    `seal` is the last one that both have, as far as exports or lineages tell; `is_restore`
    that the store is another database than the one exported, or that a later export
    says so (`is_acknowledged`).
    """

    log: str
    agency: str
    seal: int
    export: int
    exported_seal: int
    is_restore: bool
    is_acknowledged: bool

    @property
    def says(self) -> str:
        lost = f"lost by a restore to seal {self.seal}"
        how = lost if self.is_restore else f"lost after seal {self.seal}, by a cut or a restore from a copy"
        return f"{how}: export {self.export} saw seal {self.exported_seal}"


def witness(exports: Sequence[Checkpoint], keys: PublicKeys) -> list[Spoilt]:
    """Where the exports are no chain, miss one, or are not signed with one of these keys."""
    found, previous = list[Spoilt](), NOTHING_BEFORE
    for number, each in enumerate(exports, 1):
        if (each.number, each.previous) != (number, previous):
            found.append(Spoilt(each.number, f"it does not follow on an export {each.number - 1} that is here"))
        key = keys.get(each.key)
        if key is None:
            found.append(Spoilt(each.number, f"it is signed with a key that is not at hand: {each.key}"))
        elif not is_signed(key, each.signature, each.content()):
            found.append(Spoilt(each.number, "its signature is not good"))
        previous = each.digest()
    return found


def missing(exports: Sequence[Checkpoint], chains: Mapping[Chain, Sequence[Seal]], lineage: str) -> list[Missing]:
    """The seals that exports saw and the chains do not have; of each chain the furthest that one loss took."""
    hashes = {chain: {each.number: each.hash for each in seals} for chain, seals in chains.items()}
    found: dict[tuple[Chain, int], Missing] = {}
    for place, each in enumerate(exports):
        for head in each.heads:
            chain = head.log, head.agency
            if hashes.get(chain, {}).get(head.seal) != head.hash:
                one = _missing(exports[: place + 1], exports[place + 1 :], head, chains.get(chain, ()), lineage)
                found[chain, one.seal] = one
    return list(found.values())


def _missing(
    until: Sequence[Checkpoint], later: Sequence[Checkpoint], head: Head, chain: Sequence[Seal], lineage: str
) -> Missing:
    """What became of the end of a chain that the last export of `until` saw."""
    export, found = until[-1], (head.log, head.agency)
    told = (lost for each in later for lost in each.restored if (lost.log, lost.agency) == found)
    acknowledged = [lost.seal for lost in told if lost.seal < head.seal]
    is_acknowledged, is_restore = bool(acknowledged), bool(acknowledged) or export.lineage != lineage
    seal = min(acknowledged) if acknowledged else _last_shared(until, head, chain, lineage)
    return Missing(*found, seal, export.number, head.seal, is_restore, is_acknowledged)


def _last_shared(until: Sequence[Checkpoint], head: Head, chain: Sequence[Seal], lineage: str) -> int:
    """The last seal that is surely the one exported: by its database's lineage, or where that is the same, an export.

    Seals made since may have taken the numbers of those lost, so that numbers alone say nothing.
    """
    hashes, export = {each.number: each.hash for each in chain}, until[-1]
    if export.lineage != lineage:
        return max((each.number for each in chain if each.lineage == export.lineage), default=0)
    seen = (one for each in until for one in each.heads if (one.log, one.agency) == (head.log, head.agency))
    return max((one.seal for one in seen if hashes.get(one.seal) == one.hash), default=0)
