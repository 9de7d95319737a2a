"""Tombstones: what was erased of the journal, and whether all that is gone was.

A tombstone is proved twice: by its digest, over the journal's rows that it
stands for, and by the audit, which has the SHA-256 of the tombstone itself.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, select

from services.store.audit import AUDIT
from services.store.seals import AT_ONCE, canonical, plain
from services.store.tables import Tombstone
from services.store.writing import JOURNAL, KEY, PAYLOAD

TOMBSTONE: Table = Tombstone.__table__  # type: ignore[attr-defined]
ERASE = "erase"
"""The act that the audit has of every erasure; its detail has the tombstone's number and SHA-256."""


class Unlike(NamedTuple):
    """Entries of the journal, or a tombstone over them, that are not as they were left, and how."""

    agency: str
    first: int
    last: int
    says: str


def stands_for(journal: Table = JOURNAL, tombstone: Table = TOMBSTONE) -> ColumnElement[bool]:
    """Whether a row of the journal is one that a tombstone stands for."""
    same = (tombstone.c[name] == journal.c[name] for name in KEY)
    return and_(*same, journal.c.version.between(tombstone.c.first_version, tombstone.c.last_version))


def digest_of(versions: Iterable[tuple[int, str]]) -> str:
    """The digest of a tombstone over the `seq` and `sha256` of its versions, in order."""
    return hashlib.sha256("".join(f"{seq}\t{sha256}\n" for seq, sha256 in versions).encode()).hexdigest()


def own_sha256(connection: Connection, number: int) -> str:
    """The SHA-256 of a tombstone as it is kept, for the audit to have."""
    (values,) = _kept(connection, TOMBSTONE.c.tombstone == number)
    return _hashed(values)


def unlike(connection: Connection) -> Iterator[Unlike]:
    """Payloads that are gone without a tombstone, are there in spite of one or are others; tombstones not proved."""
    yield from _unlike_payloads(connection)
    yield from _unproved(connection)


def _unlike_payloads(connection: Connection) -> Iterator[Unlike]:
    columns = JOURNAL.c.seq, JOURNAL.c.source_agency, JOURNAL.c.sha256, PAYLOAD.c.body, TOMBSTONE.c.tombstone
    joined = JOURNAL.outerjoin(PAYLOAD, PAYLOAD.c.seq == JOURNAL.c.seq).outerjoin(TOMBSTONE, stands_for())
    query = select(*columns).select_from(joined).order_by(JOURNAL.c.seq)
    for seq, agency, sha256, body, tombstone in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        if says := _says(sha256, body, tombstone is not None):
            yield Unlike(agency, seq, seq, says)


def _says(sha256: str, body: str | None, is_erased: bool) -> str:
    """What is wrong with a payload; nothing where it is as it was received, or was erased."""
    if body is None:
        return "" if is_erased else "the payload is gone"
    if is_erased:
        return "the payload was erased, and is there"
    return "" if hashlib.sha256(body.encode()).hexdigest() == sha256 else "the payload is not the one that was received"


def _unproved(connection: Connection) -> Iterator[Unlike]:
    versions, told = _versions(connection), _on_the_audit(connection)
    for kept in _kept(connection):
        number, covered = kept["tombstone"], versions[kept["tombstone"]]
        whose = kept["source_agency"], kept["first_seq"], kept["last_seq"]
        if digest_of(covered) != kept["digest"]:
            yield Unlike(*whose, f"tombstone {number} is of other versions than the journal has")
        if told.get(number) != _hashed(kept):
            yield Unlike(*whose, f"tombstone {number} is not on the audit as it is here")


def _versions(connection: Connection) -> Mapping[int, list[tuple[int, str]]]:
    """What the journal has of the versions that each tombstone stands for."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    query = select(TOMBSTONE.c.tombstone, JOURNAL.c.seq, JOURNAL.c.sha256).join(JOURNAL, stands_for())
    for number, seq, sha256 in connection.execute(query.order_by(JOURNAL.c.seq)):
        found[number].append((seq, sha256))
    return found


def _on_the_audit(connection: Connection) -> dict[int, str]:
    """The SHA-256 that the audit has of each tombstone."""
    details = connection.execute(select(AUDIT.c.detail).where(AUDIT.c.act == ERASE)).scalars()
    return {told.get("tombstone"): told.get("sha256") for told in map(json.loads, details)}


def _kept(connection: Connection, *among: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    return plain(connection, TOMBSTONE, TOMBSTONE.c.keys(), among, (TOMBSTONE.c.tombstone,))


def _hashed(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(values)).hexdigest()
