"""The store's connections: one kind of transaction to read and one to write, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.errors import Unavailable

SERVICE_ROLE = "kith_service"
"""The PostgreSQL role that the service works as: it can neither change nor delete the journal."""


RECEIVING = 5_484_701
"""The advisory lock that writing transactions share."""


class Store:
    """A store: SQLite or PostgreSQL behind one interface.

    `role` is the PostgreSQL role to work as; None keeps the one connected as.
    """

    def __init__(self, url: str, pool: int = 10, role: str | None = SERVICE_ROLE) -> None:
        self.engine = _sqlite(url) if url.startswith("sqlite") else _postgresql(url, pool, role)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads; raises Unavailable where the database is out of reach."""
        with _reachable(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: committed where the block ends, undone where it raises."""
        with _reachable(), self.engine.connect().execution_options(writes=True) as connection:
            with connection.begin():
                yield connection

    @contextmanager
    def trying(self) -> Iterator[Connection]:
        """A transaction that writes and is always undone: to see what would become of a write."""
        with _reachable(), self.engine.connect().execution_options(writes=True) as connection:
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        raise Unavailable from error
    except DBAPIError as error:
        if error.connection_invalidated or _lacks_role(error):
            raise Unavailable from error
        raise


def _lacks_role(error: DBAPIError) -> bool:
    """Whether PostgreSQL has not been migrated yet: the service's role is made by the first migration."""
    return getattr(error.orig, "sqlstate", None) in ("22023", "42704") and "role" in str(error.orig)


def announce(connection: Connection) -> None:
    """Say that this transaction is about to receive, so that `settled_now` waits for it.

    A shared lock on PostgreSQL; on SQLite the only writer needs none.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({RECEIVING})"))


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


def allot(connection: Connection, count: int) -> list[int]:
    """So many new places in the journal, in order."""
    if connection.dialect.name == "sqlite":
        last: int = connection.execute(text("SELECT coalesce(max(seq), 0) FROM journal")).scalar_one()
        return list(range(last + 1, last + 1 + count))
    drawn = text("SELECT nextval('journal_seq') FROM generate_series(1, :count)")
    return sorted(connection.execute(drawn, {"count": count}).scalars())


def lock(connection: Connection, names: list[str]) -> None:
    """Hold these names until the transaction ends, taken in order; SQLite has one writer anyhow."""
    if connection.dialect.name != "sqlite":
        taking = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
        for name in sorted(set(names)):
            connection.execute(taking, {"name": name})


def _postgresql(url: str, pool: int, role: str | None) -> Engine:
    engine = create_engine(url, pool_size=pool, max_overflow=0, pool_pre_ping=True, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def work_as_role(connection: Any, record: Any) -> None:
        if role:
            connection.execute(f"SET ROLE {role}")
            connection.commit()

    return engine


def _sqlite(url: str) -> Engine:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 30000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
