"""Erasing what was recorded: payloads and typed rows go, the journal's rows stay, a tombstone says why.

On PostgreSQL the service can delete none of it: the function `kith_erase`, which
works as the role kith_eraser, deletes what a tombstone stands for and nothing
else. On SQLite it is deleted here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, func, select, text, update

from schemas.codelists import code_list
from schemas.registry import BY_NAME
from services.store import tombstones
from services.store.chunks import chunks
from services.store.engine import Store
from services.store.family_tables import table
from services.store.tombstones import TOMBSTONE
from services.store.writing import HELD, JOURNAL, PAYLOAD, Head, Key


@dataclass(frozen=True)
class Order:
    """Why something is to be erased (a code of the list `erasure_reasons`), and which worker says so."""

    reason: str
    by_worker: str

    @property
    def legal_ground(self) -> str:
        return code_list("erasure_reasons").rows[self.reason]["legal_ground"]


@dataclass(frozen=True)
class Erased:
    """One record that was erased: its tombstone's number and SHA-256, and how many versions it had."""

    key: Key
    child: str | None
    tombstone: int
    sha256: str
    versions: int


def versions_of(connection: Connection, key: Key) -> list[tuple[int, int, str]]:
    """The version, `seq` and `sha256` of what is not erased yet under a key, the oldest first."""
    last = select(func.coalesce(func.max(TOMBSTONE.c.last_version), 0)).filter_by(**key.columns()).scalar_subquery()
    columns = JOURNAL.c.version, JOURNAL.c.seq, JOURNAL.c.sha256
    query = select(*columns).filter_by(**key.columns()).where(JOURNAL.c.version > last)
    return [(row.version, row.seq, row.sha256) for row in connection.execute(query.order_by(JOURNAL.c.version))]


def erase(connection: Connection, key: Key, head: Head, child: str | None, order: Order, at: datetime) -> Erased:
    """Erase every version of a record, in the caller's transaction; `head` is its own, locked."""
    versions = versions_of(connection, key)
    made = key.columns() | {
        "child": child,
        "first_version": versions[0][0],
        "last_version": versions[-1][0],
        "first_seq": versions[0][1],
        "last_seq": versions[-1][1],
        "digest": tombstones.digest_of((seq, sha256) for _, seq, sha256 in versions),
        "erased_at": at,
        "reason": order.reason,
        "legal_ground": order.legal_ground,
        "by_worker": order.by_worker,
    }
    number = int((connection.execute(TOMBSTONE.insert().values(made)).inserted_primary_key or (0,))[0])
    _delete(connection, number, key, [seq for _, seq, _ in versions])
    _leave_nothing_held(connection, key, max(at, head.recorded_at))
    return Erased(key, child, number, tombstones.own_sha256(connection, number), len(versions))


def _delete(connection: Connection, number: int, key: Key, seqs: list[int]) -> None:
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT kith_erase(:number)"), {"number": number})
        return
    connection.execute(text("PRAGMA secure_delete = ON"))
    for of in _tables(key.family):
        for some in chunks(seqs):
            connection.execute(of.delete().where(of.c.source_agency == key.agency, of.c.seq.in_(some)))


def _tables(family: str) -> Iterator[Table]:
    """Where what a record says is kept."""
    yield from (table(shape.name) for shape in BY_NAME[family].tables)
    yield PAYLOAD


def _leave_nothing_held(connection: Connection, key: Key, at: datetime) -> None:
    nothing = dict.fromkeys(("seq", "sha256", "replaced_by", "child"))
    held = update(HELD).filter_by(**key.columns())
    connection.execute(held.values(**nothing, recorded_at=at, is_retracted=True))


def sweep(store: Store) -> None:
    """On SQLite, take what was deleted out of the log beside the file too; PostgreSQL's own vacuum does it there."""
    if store.engine.dialect.name == "sqlite":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
