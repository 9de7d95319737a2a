"""Everything held of one child, in sight or not: for the child's own rights, and for nobody's reading.

A record is about a child where its latest version says so. An id of a source's
own counts with the child that it was linked to last: what was retracted belongs
to the child still.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select

from schemas.record import Family
from schemas.registry import FAMILIES
from services.store import bulk
from services.store.broken_glass import BREAK_GLASS
from services.store.family_tables import table
from services.store.sharing import SHARING_DECISION
from services.store.tables import Feed, Link
from services.store.tombstones import TOMBSTONE
from services.store.writing import JOURNAL, KEY, PAYLOAD, Key

LINK: Table = Link.__table__  # type: ignore[attr-defined]
FEED: Table = Feed.__table__  # type: ignore[attr-defined]
RECORD = ("source_agency", "source", "source_id")


@dataclass(frozen=True)
class Tie:
    """That a source's own id was linked to a child: how that was found, from when until when."""

    agency: str
    source: str
    source_id: str
    how: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Version:
    """One version of a record as it was sent; None where that was erased."""

    key: Key
    version: int
    op: str
    recorded_at: datetime
    received_at: datetime
    body: dict[str, Any] | None


@dataclass(frozen=True)
class Copies:
    """How many entries about a child the feed gave an agency of another's records."""

    to_agency: str
    of_agency: str
    entries: int


@dataclass(frozen=True)
class Gone:
    """That versions of a record about a child were erased."""

    key: Key
    erased_at: datetime
    reason: str
    legal_ground: str
    versions: int


def ties(connection: Connection, child: str) -> list[Tie]:
    """Every link to a child there is or was, the oldest first."""
    columns = (LINK.c[name] for name in (*RECORD, "how", "received_at", "superseded_at"))
    return [
        Tie(*row) for row in connection.execute(select(*columns).where(LINK.c.child == child).order_by(LINK.c.link))
    ]


def keys(connection: Connection, child: str) -> list[Key]:
    """The records about a child, those that were retracted too, in order."""
    own = _own_ids(connection, child)
    return sorted(key for family in FAMILIES for key in _keys(connection, family, own))


def _own_ids(connection: Connection, child: str) -> list[tuple[str, str, str]]:
    """The sources' own ids that were linked to a child last."""
    later = LINK.alias("later")
    same = (later.c[name] == LINK.c[name] for name in RECORD)
    was_last = ~select(later.c.link).where(*same, later.c.link > LINK.c.link).exists()
    query = select(*(LINK.c[name] for name in RECORD)).where(LINK.c.child == child, was_last)
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def _keys(connection: Connection, family: Family, own: list[tuple[str, str, str]]) -> list[Key]:
    about = "source_id" if family.is_child else "child"
    if not own or about not in table(family.name).c:
        return []
    query = (
        f"SELECT DISTINCT said.source_agency, said.source, said.source_id FROM {{given}} JOIN {family.name} AS said"
        f" ON said.source_agency = given.source_agency AND said.source = given.source"
        f" AND said.{about} = given.source_id WHERE NOT EXISTS (SELECT 1 FROM {family.name} AS later"
        " WHERE later.source_agency = said.source_agency AND later.source = said.source"
        " AND later.source_id = said.source_id AND later.version > said.version)"
    )
    return bulk.select(
        connection, query, RECORD, own, lambda agency, source, one: Key(agency, source, family.name, one)
    )


def left(connection: Connection, wanted: Sequence[Key]) -> list[Key]:
    """Of these records, those that were held and are not erased."""
    query = f"SELECT {', '.join(KEY)} FROM {{given}} JOIN held USING ({', '.join(KEY)}) WHERE sha256 IS NOT NULL"
    return sorted(bulk.select(connection, query, KEY, wanted, Key)) if wanted else []


def versions(connection: Connection, key: Key) -> Iterator[Version]:
    """Every version of a record, the oldest first."""
    columns = (JOURNAL.c[name] for name in ("version", "op", "recorded_at", "received_at"))
    joined = JOURNAL.outerjoin(PAYLOAD, PAYLOAD.c.seq == JOURNAL.c.seq)
    query = select(*columns, PAYLOAD.c.body).select_from(joined)
    ordered = query.where(*(JOURNAL.c[name] == value for name, value in key.columns().items()))
    for row in connection.execute(ordered.order_by(JOURNAL.c.version)):
        body = json.loads(row.body) if row.body is not None else None
        yield Version(key, row.version, row.op, row.recorded_at, row.received_at, body)


def copies(connection: Connection, child: str) -> list[Copies]:
    """To whom the feed gave entries about a child of others' records."""
    whose = FEED.c.for_agency, FEED.c.source_agency
    query = select(*whose, func.count()).where(FEED.c.child == child, FEED.c.for_agency != FEED.c.source_agency)
    return [Copies(*row) for row in connection.execute(query.group_by(*whose).order_by(*whose))]


def erased(connection: Connection, child: str) -> list[Gone]:
    """What was erased of a child, in order."""
    query = select(TOMBSTONE).where(TOMBSTONE.c.child == child).order_by(TOMBSTONE.c.tombstone)
    return [_gone(row) for row in connection.execute(query)]


def _gone(row: Any) -> Gone:
    key = Key(row.source_agency, row.source, row.family, row.source_id)
    return Gone(key, row.erased_at, row.reason, row.legal_ground, row.last_version - row.first_version + 1)


def decisions(connection: Connection, child: str) -> list[dict[str, Any]]:
    """What any agency decided on sharing about a child, in order; without who decided."""
    query = select(SHARING_DECISION).where(SHARING_DECISION.c.child == child).order_by(SHARING_DECISION.c.decision)
    return [_without_who(row) for row in connection.execute(query)]


def grants(connection: Connection, child: str) -> list[dict[str, Any]]:
    """Each time that somebody broke the glass to see a child, in order; without who did."""
    query = select(BREAK_GLASS).where(BREAK_GLASS.c.child == child).order_by(BREAK_GLASS.c.granted_at)
    return [_without_who(row) for row in connection.execute(query)]


def _without_who(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in ("child", "client_id", "worker")}
