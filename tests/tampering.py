"""A store with some thousand sealed entries, and ways to tamper with it that only its database's owner has."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, func, select, text, update

from services.intake.receive import receive_batch
from services.store import audit, seals
from services.store.engine import Store
from services.store.seals import LOGS, SEAL, Log
from services.store.writing import Owner
from tests.acts import act
from tests.examples import changed

AGENCIES = ("S12000038", "S12000049", "POLICE")
ROUNDS = 10


def fill(store: Store, entry_count: int) -> None:
    """Put about so many entries into audit and journal, half each, sealed in ten rounds."""
    for number in range(ROUNDS):
        each = entry_count // 2 // ROUNDS
        acts = [act(agency=AGENCIES[n % 3], request_id=f"{number}-{n}", child=f"child-{n % 7}") for n in range(each)]
        with store.writing() as connection:
            audit.record(connection, acts)
        for agency in AGENCIES:
            _post(store, Owner(f"source-of-{agency.lower()}", agency), f"{number}", each // 3)
        seals.seal(store)


def _post(store: Store, owner: Owner, name: str, count: int) -> None:
    record = changed("referrals", {})
    lines = ({"family": "referrals", "source_id": f"{name}-{n}", "record": record} for n in range(count))
    receive_batch(store, owner, "\n".join(map(json.dumps, lines)).encode())


def tamper(connection: Connection, random: Random) -> str:
    """Do one thing to audit or journal, or to their seals, that must not go unseen; what it was."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    else:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    name = random.choice(sorted(LOGS))
    way = random.choice(sorted(WAYS))
    return f"{way} ({name}): {WAYS[way](connection, random, LOGS[name])}"


def _edit(connection: Connection, random: Random, log: Log) -> str:
    number = log.table.c[log.number]
    row = _some(connection, random, log)
    return _change(connection, random, log.table, number == row._mapping[log.number], row, log.number)


def _delete(connection: Connection, random: Random, log: Log) -> str:
    row = _some(connection, random, log)
    connection.execute(delete(log.table).where(log.table.c[log.number] == row._mapping[log.number]))
    return str(row._mapping[log.number])


def _swap(connection: Connection, random: Random, log: Log) -> str:
    """Two entries change places: each now says what the other said."""
    one, other = (_some(connection, random, log)._mapping[log.number] for _ in range(2))
    other = other if other != one else other % 100 + 1 + (other % 100 + 1 == one)
    for was, becomes in ((one, -1), (other, one), (-1, other)):
        connection.execute(update(log.table).where(log.table.c[log.number] == was).values({log.number: becomes}))
    return f"{one} and {other}"


def _forge(connection: Connection, random: Random, log: Log) -> str:
    """An entry made up, where there was none."""
    made_up = dict(_some(connection, random, log)._mapping) | {log.number: 0}
    key = {"source_id": "made-up"} if "source_id" in made_up else {}
    connection.execute(log.table.insert(), [made_up | key])
    return "0"


def _cut(connection: Connection, random: Random, log: Log) -> str:
    first = _last(connection, log) - random.randrange(20)
    connection.execute(delete(log.table).where(log.table.c[log.number] >= first))
    return f"from {first}"


def _cut_with_seals(connection: Connection, random: Random, log: Log) -> str:
    name = next(name for name, each in LOGS.items() if each is log)
    last = _last(connection, log)
    first = random.randint(last // 2, last)
    connection.execute(delete(SEAL).where(SEAL.c.log == name, SEAL.c.last_entry >= first))
    reach = connection.execute(select(func.max(SEAL.c.sealed_to)).where(SEAL.c.log == name)).scalar_one()
    connection.execute(delete(log.table).where(log.table.c[log.number] > reach))
    return f"from {first}"


def _edit_seal(connection: Connection, random: Random, log: Log) -> str:
    row = _some_seal(connection, random)
    return _change(connection, random, SEAL, _is(row), row)


def _delete_seal(connection: Connection, random: Random, log: Log) -> str:
    row = _some_seal(connection, random)
    connection.execute(delete(SEAL).where(_is(row)))
    return f"{row.log} {row.agency} {row.number}"


WAYS: Mapping[str, Callable[[Connection, Random, Log], str]] = {
    "edit": _edit,
    "delete": _delete,
    "reorder": _swap,
    "forge": _forge,
    "cut the tail": _cut,
    "cut the tail with its seals": _cut_with_seals,
    "edit a seal": _edit_seal,
    "delete a seal": _delete_seal,
}


def _some(connection: Connection, random: Random, log: Log) -> Row[Any]:
    number = random.randint(1, _last(connection, log))
    at_least = select(log.table).where(log.table.c[log.number] >= number).order_by(log.table.c[log.number])
    return connection.execute(at_least.limit(1)).one()


def _last(connection: Connection, log: Log) -> int:
    found: int = connection.execute(select(func.max(log.table.c[log.number]))).scalar_one()
    return found


def _some_seal(connection: Connection, random: Random) -> Row[Any]:
    return random.choice(connection.execute(select(SEAL).order_by(SEAL.c.log, SEAL.c.agency, SEAL.c.number)).all())


def _is(seal: Row[Any]) -> ColumnElement[bool]:
    return and_(SEAL.c.log == seal.log, SEAL.c.agency == seal.agency, SEAL.c.number == seal.number)


def _change(
    connection: Connection, random: Random, table: Table, where: ColumnElement[bool], row: Row[Any], *but: str
) -> str:
    """Give one column of a row another value."""
    column = random.choice([column for column in table.columns if column.name not in but])
    value = row._mapping[column.name]
    connection.execute(update(table).where(where).values({column.name: _another(value, bool(column.nullable), random)}))
    return f"{column.name} of {tuple(row)[:3]}"


def _another(value: Any, may_be_nothing: bool, random: Random) -> Any:
    if value is None:
        return "put there"
    if may_be_nothing and random.random() < 0.3:
        return None
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    return value + 1000 if isinstance(value, int) else f"{value}."
