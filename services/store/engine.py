"""The store's connections: one kind of transaction to read and one to write, on both databases."""

import logging
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import psycopg
from psycopg.types.numeric import Int8BinaryDumper
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.errors import Unavailable
from services.store.arrays import Array, ArrayDumper

logging.getLogger("psycopg").setLevel(logging.ERROR)  # its warnings repeat what the server says, keys included

SERVICE_ROLE = "kith_service"
"""The PostgreSQL role that the service works as: it can neither change nor delete the journal."""


RECEIVING = 5_484_701
"""The advisory lock that writing transactions share."""
NAMES = 5_484_702
"""The advisory lock that transactions share which hold some names; who holds very many holds it alone."""
MOST_LOCKS = 1_500
"""Names that one transaction holds one by one: a server of default settings has room for about 6,400 locks."""


OVERTAKEN = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.UniqueViolation,
)
ISOLATION = ("REPEATABLE READ", "AUTOCOMMIT")
"""How PostgreSQL reads as of one moment, and how it takes a statement by itself."""
OUT_OF_REACH = (psycopg.OperationalError, psycopg.InterfaceError, sqlite3.OperationalError)
TRIES = 8
PATIENCE_SECONDS = 30
"""How long a write waits for its turn on SQLite: in this process, and then for another that holds the file."""
MOST_OUTLASTED_SECONDS = 120
"""How long `outlast` waits for transactions that others began."""
Made = TypeVar("Made")


class Overtaken(Unavailable):
    """Another transaction changed what this one read, or stood in its way: it is to be done again (`Store.write`)."""


class Store:
    """A store: SQLite or PostgreSQL behind one interface.

    `role` is the PostgreSQL role to work as; None keeps the one connected as.
    """

    def __init__(self, url: str, pool: int = 10, role: str | None = SERVICE_ROLE) -> None:
        is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite(url) if is_sqlite else _postgresql(url, pool, role)
        # SQLite reads as of one moment in any transaction, and has no round trips to save.
        levels = [{} if is_sqlite else {"isolation_level": level} for level in ISOLATION]
        self._snapshots, self._glances = (self.engine.execution_options(**level) for level in levels)
        self._turn = Lock() if is_sqlite else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads; raises Unavailable where the database is out of reach."""
        with _reachable(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that only reads, all of it as of one moment; raises Unavailable as `reading` does."""
        with _reachable(), self._snapshots.begin() as connection:
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """A connection for one statement that reads: no transaction is begun or ended for it on PostgreSQL."""
        with _reachable(), self._glances.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, undo: bool = False) -> Iterator[Connection]:
        """A transaction that writes: committed where the block ends, undone where it raises.

        `undo` undoes it in any case: to see what would become of a write.
        """
        with _reachable(), self._in_turn(), self.engine.connect().execution_options(writes=True) as connection:
            with connection.begin() as transaction:
                yield connection
                if undo:
                    transaction.rollback()

    def write(self, work: Callable[[Connection], Made], undo: bool = False) -> Made:
        """Do work in a transaction that writes, and do it again where another transaction was quicker."""
        for _ in range(TRIES):
            try:
                with self.writing(undo) as connection:
                    return work(connection)
            except Overtaken:
                continue
        raise Unavailable

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """One writer at a time on SQLite; raises Unavailable rather than queue without end behind one that waits."""
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=PATIENCE_SECONDS):
            raise Unavailable
        try:
            yield
        finally:
            self._turn.release()


@contextmanager
def _reachable() -> Iterator[None]:
    """Errors of either database as ours: out of reach, or overtaken by another transaction."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable from error
    except (DBAPIError, psycopg.Error, sqlite3.Error) as error:
        raised = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(raised, OVERTAKEN):
            raise Overtaken from error
        if isinstance(raised, OUT_OF_REACH) or _lacks_role(raised) or _is_broken(error):
            raise Unavailable from error
        raise


def _is_broken(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _lacks_role(error: BaseException | None) -> bool:
    """Whether PostgreSQL has not been migrated yet: the service's role is made by the first migration."""
    return getattr(error, "sqlstate", None) in ("22023", "42704") and "role" in str(error)


def announce(connection: Connection, patience_ms: int | None = None) -> None:
    """Say that this transaction is about to receive, so that `settled_now` waits for it.

    A shared lock on PostgreSQL; on SQLite the only writer needs none. With
    `patience_ms` the transaction waits no longer than that for any lock.
    """
    if connection.dialect.name == "sqlite":
        return
    cursor, sharing = connection.connection.cursor(), f"pg_advisory_xact_lock_shared({RECEIVING})"
    if patience_ms is None:
        cursor.execute(f"SELECT {sharing}")
    else:
        cursor.execute(f"SELECT set_config('lock_timeout', %s, true), {sharing}", (f"{patience_ms}ms",))


def clock(connection: Connection) -> datetime:
    """The present instant by the database's clock; the service's own on SQLite.

    A writing transaction reads it once it holds every lock it needs: of two that
    write the same record, the later then has the later instant.
    """
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(UTC)


def settled_now(store: Store) -> datetime:
    """The present instant, once every write that received before it has been committed or undone."""
    with store.writing() as connection:
        if connection.dialect.name != "sqlite":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({RECEIVING})"))
        return clock(connection)


def outlast(store: Store, held: int) -> None:
    """Wait until each transaction that now shares an advisory lock has ended, holding up no new one.

    On SQLite there is none to wait for: what is written is seen in its order.
    Raises Unavailable where one takes too long.
    """
    if store.engine.dialect.name == "sqlite":
        return
    waited_for, end = _holders(store, held), time.monotonic() + MOST_OUTLASTED_SECONDS
    while waited_for:
        if time.monotonic() > end:
            raise Unavailable
        time.sleep(0.01)
        waited_for &= _holders(store, held)


def _holders(store: Store, held: int) -> set[str]:
    """The transactions that share an advisory lock now."""
    with store.reading() as connection:
        return set(connection.execute(text(_HOLDERS), {"held": held}).scalars())


_HOLDERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'advisory' AND classid = 0 AND objid = :held AND objsubid = 1 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def lineage(connection: Connection) -> str:
    """What tells this database from a copy restored from it: PostgreSQL's system, database and timeline.

    A restore to a point in time, and a standby that takes over, begin a new
    timeline; a dump goes into another database or another system. A file of
    SQLite has nothing of the kind.
    """
    if connection.dialect.name == "sqlite":
        return "sqlite"
    found: str = connection.execute(text(_LINEAGE)).scalar_one()
    return found


_LINEAGE = """
SELECT concat_ws('/', system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()),
    CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())::text
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int::text END)
FROM pg_control_system()
"""


def clock_and_places(connection: Connection, count: int) -> tuple[datetime, list[int]]:
    """The present instant, and so many new places in the journal, in order."""
    if connection.dialect.name == "sqlite":
        last: int = connection.execute(text("SELECT coalesce(max(seq), 0) FROM journal")).scalar_one()
        return clock(connection), list(range(last + 1, last + 1 + count))
    cursor = connection.connection.cursor()
    cursor.execute("SELECT clock_timestamp()" if not count else _DRAWING, (count,) if count else ())
    drawn = cursor.fetchall()
    at: datetime = drawn[0][0]
    return at.astimezone(UTC), sorted(row[1] for row in drawn if count)


_DRAWING = "SELECT clock_timestamp(), nextval('journal_seq') FROM generate_series(1, %s)"


def lock(connection: Connection, names: Collection[str]) -> None:
    """Hold these names until the transaction ends; SQLite has one writer anyhow.

    They are taken in one order by all. So many that the server's table of locks
    could not hold them are held as one: nobody else then holds any.
    """
    if connection.dialect.name == "sqlite" or not names:
        return
    cursor = connection.connection.cursor()
    if len(names) > MOST_LOCKS:
        cursor.execute(f"SELECT pg_advisory_xact_lock({NAMES})")
        return
    cursor.execute(f"SELECT pg_advisory_xact_lock_shared({NAMES})")
    ordered = "SELECT hashtextextended(name, 0) AS held FROM unnest(%s::text[]) AS name ORDER BY 1 OFFSET 0"
    cursor.execute(f"SELECT pg_advisory_xact_lock(held) FROM ({ordered}) AS each", (list(names),))


def _postgresql(url: str, pool: int, role: str | None) -> Engine:
    engine = create_engine(url, pool_size=pool, max_overflow=0, pool_pre_ping=True, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def work_as_role(connection: Any, record: Any) -> None:
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        connection.adapters.register_dumper(Array, ArrayDumper)
        if role:
            connection.execute(f"SET ROLE {role}")
            connection.commit()

    return engine


def _sqlite(url: str) -> Engine:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    arguments = {"timeout": PATIENCE_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
