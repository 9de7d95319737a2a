"""Seals: what was committed to a log, bound together afterwards so that a later change of it can be seen.

Entries get their numbers while they are written and may be committed late. So
only up to a number below which every transaction has ended are they sealed, by
one at a time: an entry is under exactly one seal, and one that appears later
among those sealed is seen as such (decision 16).
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Table, Text, func, select, text, type_coerce

from services.store import bulk, merkle
from services.store.audit import ACT, AUDIT, AUDITING
from services.store.columns import UtcInstant
from services.store.engine import RECEIVING, Store, clock, lineage, outlast
from services.store.tables import AuditSeal
from services.store.writing import JOURNAL

SEAL: Table = AuditSeal.__table__  # type: ignore[attr-defined]
SEALING = 5_484_705
"""The advisory lock that the one who seals holds; SQLite has one writer anyhow."""
AT_ONCE = 4_096
"""Entries sealed in one transaction, and so at most under one seal."""
NOTHING_BEFORE = "0" * 64
"""What the first seal of a chain follows on."""


class Log(NamedTuple):
    """A log that is sealed: which columns number its entries and say whose they are, which lock its writers share.

    `columns` are what a seal covers. One that is added to the table later is not
    among them: what was sealed without it would no longer be what was sealed.
    """

    table: Table
    number: str
    agency: str
    lock: int
    columns: Sequence[str]


AUDITED = ("entry", "at", *ACT)
JOURNALLED = (
    *("seq", "source_agency", "source", "family", "source_id", "version", "op", "contract_version"),
    *("recorded_at", "received_at", "batch", "sha256"),
)
LOGS: Mapping[str, Log] = {
    "audit": Log(AUDIT, "entry", "agency", AUDITING, AUDITED),
    "journal": Log(JOURNAL, "seq", "source_agency", RECEIVING, JOURNALLED),
}


class Sealable(NamedTuple):
    """An entry of a log as a seal covers it: its number, its agency, and the RFC 8785 form of all it says."""

    number: int
    agency: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """Some entries of one agency in one log, chained to the seal before; `hash` covers everything else here."""

    log: str
    agency: str
    number: int
    first_entry: int
    last_entry: int
    sealed_to: int
    entry_count: int
    root: str
    previous: str
    lineage: str
    sealed_at: str
    hash: str = ""

    def hashed(self) -> str:
        """The hash that all the rest of the seal has."""
        return sha256(canonical({name: value for name, value in asdict(self).items() if name != "hash"})).hexdigest()


SEALED = tuple(field.name for field in fields(Seal))


def root_of(entries: Sequence[Sealable]) -> str:
    """The Merkle root over entries."""
    return merkle.root([merkle.leaf(each.content) for each in entries]).hex()


def canonical(values: Mapping[str, Any]) -> bytes:
    """The RFC 8785 form of texts, whole numbers and nothing under plain names: what json makes of those, and sooner."""
    return _ENCODER.encode(values).encode()


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=repr)


# --- Sealing ----------------------------------------------------------------


def seal(store: Store) -> int:
    """Seal what every log has that is not sealed yet; how many entries."""
    return sum(_seal_log(store, name) for name in LOGS)


def _seal_log(store: Store, name: str) -> int:
    last, done = _settled(store, LOGS[name]), 0
    while some := store.write(partial(_seal_some, name, last)):
        done += some
    return done


def _settled(store: Store, log: Log) -> int:
    """The last entry that is there now, once nothing can appear before it any more."""
    with store.reading() as connection:
        number = log.table.c[log.number]
        last: int = connection.execute(select(func.coalesce(func.max(number), 0))).scalar_one()
    outlast(store, log.lock)
    return last


def _seal_some(name: str, last: int, connection: Connection) -> int:
    """Seal the next entries up to a number, with a seal for each agency; how many."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({SEALING})"))
    by_agency, to, count = defaultdict[str, list[Sealable]](list), sealed_to(connection, name), 0
    for count, each in enumerate(entries(connection, name, to, last, AT_ONCE), 1):  # noqa: B007
        by_agency[each.agency].append(each)
        to = each.number
    if by_agency:
        at = clock(connection)
        same = {"log": name, "sealed_to": to, "lineage": lineage(connection), "sealed_at": _instant(at)}
        seals = [_made(connection, agency, sealing, same) for agency, sealing in by_agency.items()]
        bulk.insert(connection, SEAL, [asdict(each) | {"sealed_at": at} for each in seals])
    return count


def _made(connection: Connection, agency: str, sealing: Sequence[Sealable], same: Mapping[str, Any]) -> Seal:
    before = _head(connection, same["log"], agency)
    made = Seal(
        agency=agency,
        number=before.number + 1 if before else 1,
        first_entry=sealing[0].number,
        last_entry=sealing[-1].number,
        entry_count=len(sealing),
        root=root_of(sealing),
        previous=before.hash if before else NOTHING_BEFORE,
        **same,
    )
    return replace(made, hash=made.hashed())


def sealed_to(connection: Connection, name: str) -> int:
    """The number up to which every entry of a log has been sealed."""
    query = select(func.coalesce(func.max(SEAL.c.sealed_to), 0)).where(SEAL.c.log == name)
    found: int = connection.execute(query).scalar_one()
    return found


def _head(connection: Connection, name: str, agency: str) -> Row[Any, Any] | None:
    query = select(SEAL.c.number, SEAL.c.hash).where(SEAL.c.log == name, SEAL.c.agency == agency)
    return connection.execute(query.order_by(SEAL.c.number.desc()).limit(1)).first()


# --- What is verified -------------------------------------------------------


def seals(connection: Connection) -> Iterator[Seal]:
    """Every seal, by log, agency and number."""
    ordered = (SEAL.c.log, SEAL.c.agency, SEAL.c.number)
    return (Seal(**values) for values in plain(connection, SEAL, SEALED, (), ordered))


def entries(
    connection: Connection, name: str, after: int = 0, to: int | None = None, limit: int | None = None
) -> Iterator[Sealable]:
    """Entries of a log, in the order of their numbers."""
    log = LOGS[name]
    number = log.table.c[log.number]
    among = ([number > after] if after else []) + ([number <= to] if to is not None else [])
    for values in plain(connection, log.table, log.columns, among, (number,), limit):
        yield Sealable(values[log.number], values[log.agency], canonical(values))


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its last seal, and how many entries are under it and those before."""

    log: str
    agency: str
    seal: int
    entry_count: int
    hash: str


def heads(connection: Connection) -> list[Head]:
    """The end of every chain."""
    each = SEAL.c.log, SEAL.c.agency
    counted = select(*each, func.max(SEAL.c.number).label("number"), func.sum(SEAL.c.entry_count).label("count"))
    last = counted.group_by(*each).subquery()
    query = select(*each, SEAL.c.number, last.c.count, SEAL.c.hash).join(
        last, (SEAL.c.log == last.c.log) & (SEAL.c.agency == last.c.agency) & (SEAL.c.number == last.c.number)
    )
    return [Head(*row) for row in connection.execute(query.order_by(*each))]


def has(connection: Connection, head: Head) -> bool:
    """Whether the store still has the seal that was the end of a chain."""
    same = {"log": head.log, "agency": head.agency, "number": head.seal, "hash": head.hash}
    return connection.execute(select(SEAL.c.hash).filter_by(**same)).first() is not None


def plain(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    among: Sequence[ColumnElement[bool]],
    ordered: Sequence[ColumnElement[Any]],
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows with their instants as texts; on SQLite each as it is kept, however somebody spoilt it."""
    instants = [name for name in names if isinstance(table.c[name].type, UtcInstant)]
    is_text = connection.dialect.name == "sqlite"
    columns = [type_coerce(table.c[name], Text) if is_text and name in instants else table.c[name] for name in names]
    query = select(*columns).where(*among).order_by(*ordered).limit(limit)
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        values = dict(zip(names, row, strict=True))
        for name in instants:
            values[name] = _instant(values[name])
        yield values


def _instant(value: datetime | str | None) -> str | None:
    """An instant in UTC as a text, the same from either database."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return f"{value.replace(' ', 'T')}+00:00" if value else None
