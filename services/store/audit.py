"""The access log: who did what, when and why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from services.store.engine import clock
from services.store.tables import Audit

AUDIT: Table = Audit.__table__  # type: ignore[attr-defined]
PLACE = "place"
"""The class of the fields that say where a child can be found."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that somebody did; its detail never holds personal data."""

    agency: str
    source: str
    client_id: str
    act: str
    what: str
    child: str | None
    worker: str | None
    role: str | None
    purpose: str | None
    request_id: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An act as it is kept: its number in the log, and when it was done."""

    entry: int
    at: datetime
    act: Act


def record(connection: Connection, acts: Sequence[Act]) -> None:
    """Put acts on the log, in the caller's transaction."""
    at = clock(connection)
    rows = [asdict(act) | {"at": at, "detail": json.dumps(act.detail)} for act in acts]
    connection.execute(AUDIT.insert(), rows)


def of_child(connection: Connection, child: str, after: int, limit: int) -> list[Entry]:
    """What was done about a child, oldest first, after that entry."""
    query = select(AUDIT).where(AUDIT.c.child == child, AUDIT.c.entry > after).order_by(AUDIT.c.entry).limit(limit)
    return [_entry(row._mapping) for row in connection.execute(query)]


def _entry(row: Mapping[Any, Any]) -> Entry:
    fields = {name: row[name] for name in Act.__dataclass_fields__}
    return Entry(row["entry"], row["at"], Act(**fields | {"detail": json.loads(row["detail"])}))
