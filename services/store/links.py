"""Links: which child each source's children record is about, now and at any instant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, select, text

from schemas.registry import BY_NAME
from services.store import bulk, outbox
from services.store.columns import read_day
from services.store.tables import Child, Link
from services.store.writing import KEY, Key, Owner

LINK: Table = Link.__table__  # type: ignore[attr-defined]
CHILD: Table = Child.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Known:
    """A current children record as matching sees it, with the child that it is linked to."""

    owner: Owner
    source_id: str
    date_of_birth: date | None
    chi: str | None
    scn: str | None
    identity_change: str | None
    child: str
    how: str


@dataclass(frozen=True)
class NewLink:
    """That a source's children record is about a child from now on, and how that was found."""

    source_id: str
    child: str
    how: str
    previous_child: str | None
    is_new_child: bool
    follows: bool = False
    """Whether it is so because the record was merged into another."""


Identifier = tuple[str, str]
"""`chi` or `scn`, and its value."""
ChildId = tuple[Owner, str]
"""A source's own id of a child."""
RECORD = ("source_agency", "source", "source_id")
_RECORD = ", ".join(RECORD)


def links_of(connection: Connection, ids: Iterable[ChildId]) -> dict[ChildId, tuple[str, str]]:
    """The child that each of these is linked to now, and how; those that wait are left out."""
    wanted = [(owner.agency, owner.source, source_id) for owner, source_id in sorted(set(ids))]
    if not wanted:
        return {}
    return dict(bulk.select(connection, _LINKS, RECORD, wanted, _linked))


_LINKS = f"SELECT {_RECORD}, child, how FROM {{given}} JOIN link USING ({_RECORD}) WHERE superseded_at IS NULL"


def _linked(agency: str, source: str, source_id: str, child: str, how: str) -> tuple[ChildId, tuple[str, str]]:
    return (Owner(source, agency), source_id), (child, how)


def children_of(connection: Connection, keys: Iterable[Key]) -> dict[Key, str]:
    """The child that each of these records, held now, is about; those that wait or are about none are left out."""
    wanted = sorted(set(keys))
    return dict(bulk.select(connection, _CHILDREN, KEY, wanted, _about)) if wanted else {}


_CHILDREN = (
    f"SELECT {', '.join(f'held.{name}' for name in KEY)}, link.child FROM {{given}} JOIN held USING ({', '.join(KEY)})"
    " JOIN link ON link.source_agency = held.source_agency AND link.source = held.source"
    " AND link.source_id = held.child AND link.superseded_at IS NULL"
)


def _about(agency: str, source: str, family: str, source_id: str, child: str) -> tuple[Key, str]:
    return Key(agency, source, family, source_id), child


def is_sealed(connection: Connection, key: Key) -> bool:
    """Whether a record was ever about a child whose identity changed, in any of its versions."""
    own_ids = ":source_id" if BY_NAME[key.family].is_child else _OWN_IDS.format(family=key.family)
    changed = f"SELECT 1 FROM link WHERE {_OWNED} AND how = 'identity_change' AND source_id IN ({own_ids})"
    return connection.execute(text(changed), key.columns()).first() is not None


_OWNED = "source_agency = :source_agency AND source = :source"
_OWN_IDS = (
    "SELECT child FROM journal JOIN {family} USING (source_agency, seq) WHERE journal.source_agency = :source_agency"
    " AND journal.source = :source AND journal.family = '{family}' AND journal.source_id = :source_id"
)


def is_known(connection: Connection, child: str) -> bool:
    """Whether there is a child with this id."""
    return connection.execute(select(CHILD.c.child).where(CHILD.c.child == child)).first() is not None


def changed_identity(connection: Connection, owner: Owner, source_ids: Iterable[str]) -> dict[str, str]:
    """Of these ids, those whose identity ever changed, each with the child that it was linked to since."""
    wanted = [(owner.agency, owner.source, source_id) for source_id in sorted(set(source_ids))]
    if not wanted:
        return {}
    query = (
        f"SELECT source_id, child FROM {{given}} JOIN link USING ({_RECORD})"
        " WHERE how = 'identity_change' ORDER BY link"
    )
    return dict(bulk.select(connection, query, RECORD, wanted, lambda source_id, child: (source_id, child)))


def company_of(connection: Connection, identifiers: Iterable[Identifier], children: Iterable[str]) -> list[Known]:
    """Current children records linked to one of these children, or to any that an identifier leads to."""
    wanted = sorted({*identifiers, *(("child", child) for child in children)})
    return bulk.select(connection, _COMPANY, ("kind", "value"), wanted, _as_known) if wanted else []


_LED_TO = " UNION ".join(
    f"SELECT link.child FROM given JOIN children ON children.{kind} = given.value JOIN link USING ({_RECORD})"
    f" WHERE given.kind = '{kind}' AND children.superseded_at IS NULL AND link.superseded_at IS NULL"
    for kind in ("chi", "scn")
)
_COMPANY = (
    "WITH given AS MATERIALIZED (SELECT kind, value FROM {given}),"
    f" reached AS MATERIALIZED (SELECT value AS child FROM given WHERE kind = 'child' UNION {_LED_TO}),"
    " linked AS MATERIALIZED (SELECT link.* FROM reached JOIN link ON link.child = reached.child)"
    f" SELECT {_RECORD}, children.date_of_birth, children.chi, children.scn, children.identity_change,"
    f" linked.child, linked.how FROM linked JOIN children USING ({_RECORD})"
    " WHERE children.superseded_at IS NULL AND linked.superseded_at IS NULL ORDER BY linked.link"
)
"""By a child's links, ended ones too: without statistics yet, PostgreSQL would rather read every current one."""


def identifiers_of(connection: Connection, ids: Iterable[ChildId]) -> set[tuple[str, str]]:
    """The CHI and SCN that these records hold now, each by its name."""
    wanted = [(owner.agency, owner.source, source_id) for owner, source_id in sorted(set(ids))]
    if not wanted:
        return set()
    query = f"SELECT chi, scn FROM {{given}} JOIN children USING ({_RECORD}) WHERE superseded_at IS NULL"
    held = bulk.select(connection, query, RECORD, wanted, lambda chi, scn: {"chi": chi, "scn": scn})
    return {(name, value) for one in held for name, value in one.items() if value}


def _as_known(agency: str, source: str, source_id: str, born_on: Any, *stated: Any) -> Known:
    return Known(Owner(source, agency), source_id, read_day(born_on), *stated)


def write(connection: Connection, owner: Owner, links: Sequence[NewLink], received_at: datetime) -> None:
    """Write new links; those they take the place of end.

    The feed hears of each, but for a record's first: that its own entry tells.
    """
    made = [{"child": link.child} for link in links if link.is_new_child]
    bulk.insert(connection, CHILD, made, same={"created_at": received_at})
    moved = [link for link in links if link.previous_child]
    _end(connection, owner, [link.source_id for link in moved], received_at)
    bulk.insert(connection, LINK, [_row(owner, link) for link in links], same={"received_at": received_at})
    told = [link for link in links if link.previous_child or link.follows]
    outbox.add(connection, [outbox.Entry("link", _key(owner, o.source_id), o.child, o.previous_child) for o in told])


def merged_into(connection: Connection, owner: Owner, source_ids: Iterable[str]) -> dict[str, str]:
    """The retracted children records that were merged into one of these ids, each with the id."""
    wanted = [(owner.agency, owner.source, source_id) for source_id in sorted(set(source_ids))]
    if not wanted:
        return {}
    query = (
        "SELECT held.source_id, held.replaced_by FROM {given} JOIN held ON held.source_agency = given.source_agency"
        " AND held.source = given.source AND held.replaced_by = given.source_id"
        " WHERE held.replaced_by IS NOT NULL AND held.family = 'children' AND held.is_retracted"
    )
    return dict(bulk.select(connection, query, RECORD, wanted, lambda merged, into: (merged, into)))


def retire(connection: Connection, owner: Owner, source_ids: Sequence[str], received_at: datetime) -> None:
    """These children records, retracted, are linked to nobody from now on; their own entries tell the feed."""
    _end(connection, owner, source_ids, received_at)


def unlink(connection: Connection, owner: Owner, children: Mapping[str, str], received_at: datetime) -> None:
    """These children records are no longer linked to these children, nor to any other; the feed hears of it."""
    _end(connection, owner, list(children), received_at)
    entries = [outbox.Entry("unlink", _key(owner, one), None, child) for one, child in children.items()]
    outbox.add(connection, entries)


def _end(connection: Connection, owner: Owner, source_ids: Sequence[str], received_at: datetime) -> None:
    rows = [{"source_agency": owner.agency, "source": owner.source, "source_id": one} for one in source_ids]
    bulk.update(connection, LINK, RECORD, rows, {"superseded_at": received_at}, where="superseded_at IS NULL")


def _row(owner: Owner, link: NewLink) -> dict[str, str]:
    record = {"source_agency": owner.agency, "source": owner.source, "source_id": link.source_id}
    return record | {"child": link.child, "how": link.how}


def _key(owner: Owner, source_id: str) -> Key:
    return Key(owner.agency, owner.source, "children", source_id)
