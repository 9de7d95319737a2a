"""Verification of audit and journal: the store against its own seals and the exports, or an export alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from services.access import checkpoints
from services.access.checkpoint_keys import PublicKeys
from services.access.checkpoints import ALL, FULL, Checkpoint
from services.access.witness import Missing, Spoilt, missing, witness
from services.errors import UnreadableExport
from services.store import chains, seals, tombstones
from services.store.chains import Broken, Verified
from services.store.engine import Store, lineage


@dataclass
class Report:
    """What came out; `verified` is None where there were no entries to walk, only exports."""

    verified: Verified | None = None
    exports: Sequence[Checkpoint] = ()
    spoilt: list[Spoilt] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    @property
    def broken(self) -> Sequence[Broken]:
        return self.verified.broken if self.verified else ()

    @property
    def is_fine(self) -> bool:
        """Whether nothing is other than it was sealed or exported, restores that were acknowledged excepted."""
        return not self.broken and not self.spoilt and all(one.is_acknowledged for one in self.missing)


def of_store(store: Store, folder: Path, keys: PublicKeys) -> Report:
    """Compare the store with its seals, and those with the exports in a folder."""
    with store.reading() as connection:
        return seen_by(connection, folder, keys)


def seen_by(connection: Connection, folder: Path, keys: PublicKeys) -> Report:
    """The same, as one transaction sees the store."""
    report = _exports(folder, keys)
    report.verified = walked(connection)
    report.missing = missing(report.exports, report.verified.chains, lineage(connection))
    return report


def walked(connection: Connection) -> Verified:
    """What the store itself shows, without any export."""
    entries = {name: seals.entries(connection, name) for name in seals.LOGS}
    found = chains.verify(seals.seals(connection), entries)
    for each in tombstones.unlike(connection):
        found.broken.append(Broken("journal", each.agency, None, each.first, each.last, each.says))
    return found


def of_export(folder: Path, keys: PublicKeys) -> Report:
    """Verify exports by themselves and, where there is a full one, its entries too; the store is not asked."""
    report, full = _exports(folder, keys), _full(folder)
    if full is None:
        return report
    try:
        entries = {name: checkpoints.exported_entries(full, name) for name in seals.LOGS}
        report.verified = chains.verify(checkpoints.exported_seals(full), entries)
        seen = checkpoints.checkpoints(full)
        report.missing = missing(seen, report.verified.chains, seen[-1].lineage if seen else "")
    except UnreadableExport as error:
        report.spoilt.append(Spoilt(str(error), "it is not as an export writes it"))
    return report


def _exports(folder: Path, keys: PublicKeys) -> Report:
    try:
        exports = checkpoints.checkpoints(folder)
    except UnreadableExport as error:
        return Report(spoilt=[Spoilt(str(error), "it is not as an export writes it")])
    return Report(exports=exports, spoilt=witness(exports, keys))


def is_full(folder: Path) -> bool:
    """Whether a folder is one full export, or what somebody left of one."""
    return any((folder / name).exists() for name in ALL)


def _full(folder: Path) -> Path | None:
    """The full export that a folder is, or the newest in it."""
    if is_full(folder):
        return folder
    return max(folder.glob(FULL), default=None)
