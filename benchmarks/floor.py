"""The floor under a batch: a raw COPY of the very rows that Kith wrote for it, into the same tables, committed."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from schemas.registry import FAMILIES

WRITTEN: dict[str, str] = {
    "journal": "SELECT * FROM journal WHERE batch = %(batch)s",
    "payload": "SELECT t.* FROM payload t JOIN journal j USING (seq) WHERE j.batch = %(batch)s",
    **{
        table.name: f"SELECT t.* FROM {table.name} t JOIN journal j USING (seq) WHERE j.batch = %(batch)s"
        for family in FAMILIES
        for table in family.tables
    },
    "held": "SELECT h.* FROM held h JOIN journal j USING (seq) WHERE j.batch = %(batch)s",
    "outbox": "SELECT nextval('outbox_entry_seq'), op, source_agency, source, family, source_id, md5(source_id), NULL"
    " FROM journal WHERE batch = %(batch)s",
    "child": "SELECT c.* FROM child c JOIN batch b ON b.received_at = c.created_at WHERE b.batch = %(batch)s",
    "link": "SELECT l.* FROM link l JOIN batch b USING (received_at) WHERE b.batch = %(batch)s",
    "batch": "SELECT * FROM batch WHERE batch = %(batch)s",
}
"""The tables that a batch writes, in an order that their keys allow, and the rows of it."""


@dataclass(frozen=True)
class Written:
    """The rows that one batch wrote to one table, as COPY sends them, and how many they are."""

    table: str
    rows: int
    data: bytes


def written(kith_url: str, batches: Sequence[str]) -> list[list[Written]]:
    """What each batch wrote, table by table."""
    with psycopg.connect(kith_url) as connection:
        return [list(_written(connection, batch)) for batch in batches]


def _written(connection: psycopg.Connection, batch: str) -> Iterator[Written]:
    for table, query in WRITTEN.items():
        asked = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(
            sql.SQL(query.replace("%(batch)s", "{}")).format(sql.Literal(batch))
        )
        with connection.cursor() as cursor:
            with cursor.copy(asked) as copy:
                data = b"".join(bytes(part) for part in copy)
            if cursor.rowcount:
                yield Written(table, cursor.rowcount, data)


def make_way(kith_url: str, floor_url: str, batches: Sequence[str]) -> None:
    """Take what is held of records that come again out of the way, as Kith did: a COPY only adds."""
    again = (
        "SELECT DISTINCT family, source_agency, source, source_id FROM journal WHERE batch = ANY(%s) AND version > 1"
    )
    with psycopg.connect(kith_url) as kith, psycopg.connect(floor_url) as held:
        for family, *key in kith.execute(again, [list(batches)]).fetchall():
            same = "source_agency = %s AND source = %s AND source_id = %s"
            current = sql.SQL(f"UPDATE {{}} SET superseded_at = kept_at WHERE {same} AND superseded_at IS NULL")
            held.execute(current.format(sql.Identifier(family)), key)
            held.execute(f"DELETE FROM held WHERE {same} AND family = %s", [*key, family])


def seconds(floor_url: str, batches: Sequence[Sequence[Written]]) -> float:
    """How long it takes to copy what each batch wrote, one transaction a batch."""
    with psycopg.connect(floor_url) as connection:
        started = time.perf_counter()
        for batch in batches:
            for one in batch:
                with connection.cursor() as cursor, cursor.copy(f"COPY {one.table} FROM STDIN (FORMAT BINARY)") as copy:
                    copy.write(one.data)
            connection.commit()
        return time.perf_counter() - started
