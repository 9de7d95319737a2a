"""The second lock on PostgreSQL: a transaction that reads for somebody sees what it may, whatever a query forgets.

It goes on as the role kith_asker, which can write nothing and to which row-level
security shows the rows of the agencies named, and none where none are named.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from services.store.engine import Store

ASKER_ROLE = "kith_asker"


def limit_to(connection: Connection, *agencies: str) -> None:
    """From here to its end the transaction reads these agencies' rows and no others; SQLite has no such lock."""
    if connection.dialect.name == "sqlite":
        return
    saying = f"SELECT set_config('role', '{ASKER_ROLE}', true), set_config('kith.agencies', %s, true)"
    connection.connection.cursor().execute(saying, (",".join(sorted(agencies)),))


@contextmanager
def reading_for(store: Store, *agencies: str) -> Iterator[Connection]:
    """A transaction that only reads, and these agencies' rows alone."""
    with store.reading() as connection:
        limit_to(connection, *agencies)
        yield connection
