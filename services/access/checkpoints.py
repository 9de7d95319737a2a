"""Exports of the audit: signed checkpoints, each with the end of every chain, and themselves a chain.

Whoever can write to the store can cut its tail with the seals over it. What was
exported, above all to another machine, still says how far the chains went.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from services.access.checkpoint_keys import PublicKeys, as_pem, key_id, public_keys
from services.errors import StoreBehind, UnreadableExport
from services.store import seals
from services.store.engine import Store, lineage
from services.store.seals import NOTHING_BEFORE, Head, Seal, Sealable

CHECKPOINT, FULL, KEY = "checkpoint-*.json", "full-*", "key-*.pem"
SEALS = "seals.ndjson"
ENTRIES = {name: f"{name}.ndjson" for name in seals.LOGS}
ALL = (SEALS, *ENTRIES.values())
"""The files of a full export beside the checkpoints."""
NOT_AS_WRITTEN = (FileNotFoundError, ValueError, KeyError, TypeError)
"""What reading a file of an export raises that somebody changed."""


@dataclass(frozen=True, slots=True)
class Lost:
    """That a chain was exported as far as one seal and now goes on from an earlier one; 0 is its very beginning."""

    log: str
    agency: str
    seal: int
    exported_seal: int


@dataclass(frozen=True)
class Checkpoint:
    """One export: where every chain ended, and where chains go on from once a restore was acknowledged.

    `previous` is the digest of the export before; `signature` covers everything else here.
    """

    number: int
    made_at: str
    previous: str
    key: str
    lineage: str
    heads: Sequence[Head]
    restored: Sequence[Lost]
    signature: str = ""

    def content(self) -> bytes:
        """What is signed: the RFC 8785 form of all but the signature."""
        return rfc8785.dumps({name: value for name, value in asdict(self).items() if name != "signature"})

    def digest(self) -> str:
        return sha256(rfc8785.dumps(asdict(self))).hexdigest()


def checkpoints(folder: Path) -> list[Checkpoint]:
    """Every export in a folder, in order; raises UnreadableExport."""
    return [_read(path) for path in sorted(folder.glob(CHECKPOINT))]


def last_checkpoint(folder: Path) -> Checkpoint | None:
    paths = sorted(folder.glob(CHECKPOINT))
    return _read(paths[-1]) if paths else None


def keys_in(folder: Path) -> PublicKeys:
    """The public keys that an export brought along: good against accidents, not against who could swap them."""
    return public_keys(sorted(folder.glob(KEY)))


def export(
    store: Store, folder: Path, key: Ed25519PrivateKey, *, is_restored: bool = False, is_full: bool = False
) -> Checkpoint:
    """Write the next checkpoint; `is_full` with every sealed entry beside it.

    Raises StoreBehind where the store no longer has what was exported before,
    unless `is_restored` says that a restore is why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = checkpoints(folder)
    with store.reading() as connection:
        lost = _lost(connection, before)
        if lost and not is_restored:
            raise StoreBehind
        made = _signed(connection, before, lost, key)
        (folder / f"key-{made.key}.pem").write_bytes(as_pem(key.public_key()))
        _write(folder / f"checkpoint-{made.number:08}.json", rfc8785.dumps(asdict(made)))
        if is_full:
            _write_all(connection, folder, folder / f"full-{made.number:08}")
    return made


def _signed(
    connection: Connection, before: Sequence[Checkpoint], lost: Sequence[Lost], key: Ed25519PrivateKey
) -> Checkpoint:
    made = Checkpoint(
        number=before[-1].number + 1 if before else 1,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        previous=before[-1].digest() if before else NOTHING_BEFORE,
        key=key_id(key.public_key()),
        lineage=lineage(connection),
        heads=seals.heads(connection),
        restored=lost,
    )
    return replace(made, signature=key.sign(made.content()).hex())


def _lost(connection: Connection, before: Sequence[Checkpoint]) -> list[Lost]:
    """The chains that the last export saw the end of and the store no longer has so far."""
    missing = [head for head in (before[-1].heads if before else ()) if not seals.has(connection, head)]
    return [Lost(head.log, head.agency, _kept(connection, before, head), head.seal) for head in missing]


def _kept(connection: Connection, before: Sequence[Checkpoint], lost: Head) -> int:
    """The last seal of a chain that an export saw and the store still has."""
    seen = (head for each in reversed(before) for head in each.heads)
    same = (head for head in seen if (head.log, head.agency) == (lost.log, lost.agency))
    return next((head.seal for head in same if seals.has(connection, head)), 0)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; raises FileExistsError where another was quicker to take its name."""
    with tempfile.NamedTemporaryFile(dir=path.parent) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        os.link(file.name, path)


def _write_all(connection: Connection, folder: Path, full: Path) -> None:
    """What verification reads, in a folder that stands alone: checkpoints, keys, seals and sealed entries."""
    making = Path(tempfile.mkdtemp(dir=folder, prefix="making-"))
    for path in (*folder.glob(CHECKPOINT), *folder.glob(KEY)):
        shutil.copy(path, making)
    _write_lines(making / SEALS, (seals.canonical(asdict(each)) for each in seals.seals(connection)))
    for name, file_name in ENTRIES.items():
        sealed = seals.entries(connection, name, to=seals.sealed_to(connection, name))
        _write_lines(making / file_name, (each.content for each in sealed))
    making.rename(full)


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)


@contextmanager
def _lines(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except NOT_AS_WRITTEN:
        raise UnreadableExport(path.name) from None


def exported_seals(full: Path) -> Iterator[Seal]:
    """The seals of a full export, by log, agency and number; raises UnreadableExport."""
    with _lines(full / SEALS) as lines:
        yield from (Seal(**json.loads(line)) for line in lines)


def exported_entries(full: Path, name: str) -> Iterator[Sealable]:
    """The entries of a log in a full export, in the order of their numbers; raises UnreadableExport."""
    log = seals.LOGS[name]
    with _lines(full / ENTRIES[name]) as lines:
        for line in lines:
            said = json.loads(line)
            yield Sealable(said[log.number], said[log.agency], line.rstrip(b"\n"))


def _read(path: Path) -> Checkpoint:
    try:
        said = json.loads(path.read_bytes())
        lists = {"heads": [Head(**one) for one in said["heads"]], "restored": [Lost(**one) for one in said["restored"]]}
        return Checkpoint(**said | lists)
    except NOT_AS_WRITTEN:
        raise UnreadableExport(path.name) from None
