"""The audit: each act that must be on record, written in the transaction it belongs to, and asked about later.

Rows are only added. What makes a later change of them visible is done apart,
once they are committed (services.store.seals): nothing of it costs a request.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import ColumnElement, Connection, Row, Table, func, select
from sqlalchemy.dialects.postgresql import JSONB

from services.store import bulk
from services.store.engine import clock
from services.store.tables import Audit

AUDIT: Table = Audit.__table__  # type: ignore[attr-defined]
AUDITING = 5_484_704
"""The advisory lock that transactions share which add to the audit."""
PLACE = "place"
"""The class of the fields that say where a child can be found."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done or asked, by whom and what for.

    `act` is read, refuse, search, break_glass, decision, write, admin, export or erase; `what`
    names the route or the command; `detail` holds counts, codes and classes of
    fields (`shown`: those that were answered), never personal data.
    """

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


@dataclass(frozen=True, slots=True)
class Received:
    """That an agency's workers received something about a child: how often, first and last when."""

    agency: str
    child: str
    times: int
    first_at: datetime
    last_at: datetime


ACT = tuple(field.name for field in fields(Act))


def record(connection: Connection, acts: Sequence[Act]) -> None:
    """Put acts on record, in the transaction's own fate."""
    if acts:
        bulk.insert(connection, AUDIT, [_row(act) for act in acts], same={"at": _announced(connection)})


def of_child(connection: Connection, child: str, after: int, limit: int) -> list[Entry]:
    """The acts that concern a child, oldest first, after a number."""
    query = select(AUDIT).where(AUDIT.c.child == child, AUDIT.c.entry > after)
    return [_entry(row) for row in connection.execute(query.order_by(AUDIT.c.entry).limit(limit))]


def received(
    connection: Connection,
    since: datetime,
    *,
    agency: str | None = None,
    worker: str | None = None,
    source: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[Received]:
    """The children whose addresses a worker received, or a source did, since an instant; after so many of them.

    In the order in which they were first received, so that later ones come at the
    end. A worker's id is its agency's own: at another it is another person's.
    """
    asked = {"agency": agency, "worker": worker, "source": source}
    only = [AUDIT.c[name] == value for name, value in asked.items() if value is not None]
    seen, at = (AUDIT.c.agency, AUDIT.c.child), AUDIT.c.at
    query = select(*seen, func.count(), func.min(at), func.max(at))
    query = query.where(*only, at >= since, AUDIT.c.child.is_not(None), _was_shown(connection, PLACE))
    ordered = query.group_by(*seen).order_by(func.min(AUDIT.c.entry)).offset(after).limit(limit)
    return [Received(*row) for row in connection.execute(ordered)]


def _row(act: Act) -> dict[str, Any]:
    return {name: getattr(act, name) for name in ACT} | {"detail": rfc8785.dumps(dict(act.detail)).decode()}


def _entry(row: Row[Any]) -> Entry:
    kept = {name: row._mapping[name] for name in ACT}
    return Entry(row.entry, row.at, Act(**kept | {"detail": json.loads(row.detail)}))


def _announced(connection: Connection) -> datetime:
    """The present instant; the one who seals waits from now on for this transaction to end."""
    if connection.dialect.name == "sqlite":
        return clock(connection)
    cursor = connection.connection.cursor()
    cursor.execute(f"SELECT clock_timestamp(), pg_advisory_xact_lock_shared({AUDITING})")
    at: datetime = cursor.fetchall()[0][0]
    return at


def _was_shown(connection: Connection, shown: str) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite":
        each = func.json_each(AUDIT.c.detail, "$.shown").table_valued("value")
        return select(each.c.value).where(each.c.value == shown).correlate(AUDIT).exists()
    return AUDIT.c.detail.cast(JSONB)["shown"].contains([shown])
