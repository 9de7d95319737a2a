"""Links: which child each source's children record is about, now and at any instant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, select, update

from services.store.chunks import chunks
from services.store.family_tables import table
from services.store.tables import Child, Held, Link, Outbox
from services.store.writing import Owner

LINK: Table = Link.__table__  # type: ignore[attr-defined]
HELD: Table = Held.__table__  # type: ignore[attr-defined]
CHILD: Table = Child.__table__  # type: ignore[attr-defined]
OUTBOX: Table = Outbox.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Known:
    """A current children record as matching sees it, with the child that it is linked to."""

    owner: Owner
    source_id: str
    child: str
    date_of_birth: date | None
    identifier: str
    chi: str | None
    identity_change: str | None
    how: str


@dataclass(frozen=True)
class NewLink:
    """That a source's children record is about a child from now on, and how that was found."""

    source_id: str
    child: str
    how: str
    previous_child: str | None
    is_new_child: bool


def links_of(connection: Connection, owner: Owner, source_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The child that each of the source's own child ids is linked to now, and how; those that wait are left out."""
    found: dict[str, tuple[str, str]] = {}
    for some in chunks(sorted(set(source_ids))):
        current = select(LINK.c.source_id, LINK.c.child, LINK.c.how).where(
            LINK.c.source_agency == owner.agency,
            LINK.c.source == owner.source,
            LINK.c.source_id.in_(some),
            LINK.c.superseded_at.is_(None),
        )
        found |= {row.source_id: (row.child, row.how) for row in connection.execute(current)}
    return found


def known_by(connection: Connection, identifier: str, values: Iterable[str]) -> list[Known]:
    """Current, linked children records that hold one of these values of `chi` or `scn`."""
    children = table("children")
    held = children.c[identifier]
    names = ("source_agency", "source", "source_id", "date_of_birth", "chi", "identity_change")
    columns = [*(children.c[name] for name in names), LINK.c.child, LINK.c.how]
    query = (
        select(*columns, held.label("identifier"))
        .join(LINK, _same_record(children))
        .where(children.c.superseded_at.is_(None), LINK.c.superseded_at.is_(None))
        .order_by(LINK.c.link)
    )
    rows = (row for some in chunks(sorted(set(values))) for row in connection.execute(query.where(held.in_(some))))
    return [
        Known(
            Owner(row.source, row.source_agency),
            row.source_id,
            row.child,
            row.date_of_birth,
            row.identifier,
            row.chi,
            row.identity_change,
            row.how,
        )
        for row in rows
    ]


def shared(connection: Connection, child: str) -> int:
    """How many children records are linked to a child now."""
    current = select(LINK.c.link).where(LINK.c.child == child, LINK.c.superseded_at.is_(None))
    return len(connection.execute(current).all())


def write(connection: Connection, owner: Owner, links: Sequence[NewLink], received_at: datetime) -> None:
    """Write new links; those they take the place of end, and the feed hears of a changed one."""
    if not links:
        return
    made = [{"child": link.child, "created_at": received_at} for link in links if link.is_new_child]
    if made:
        connection.execute(CHILD.insert(), made)
    end(connection, owner, [link.source_id for link in links if link.previous_child], received_at)
    connection.execute(LINK.insert(), [_row(owner, link, received_at) for link in links])
    moved = [_outbox_row(owner, link) for link in links if link.previous_child]
    if moved:
        connection.execute(OUTBOX.insert(), moved)


def merged_into(connection: Connection, owner: Owner, source_ids: Iterable[str]) -> dict[str, str]:
    """The retracted children records that were merged into one of these ids, each with the id."""
    found: dict[str, str] = {}
    for some in chunks(sorted(set(source_ids))):
        merged = select(HELD.c.source_id, HELD.c.replaced_by).where(
            HELD.c.source_agency == owner.agency,
            HELD.c.source == owner.source,
            HELD.c.family == "children",
            HELD.c.is_retracted,
            HELD.c.replaced_by.in_(some),
        )
        found |= {row.source_id: row.replaced_by for row in connection.execute(merged)}
    return found


def end(connection: Connection, owner: Owner, source_ids: Sequence[str], received_at: datetime) -> None:
    """These children records are linked to nobody from now on."""
    for some in chunks(source_ids):
        connection.execute(
            update(LINK)
            .where(LINK.c.source_agency == owner.agency, LINK.c.source == owner.source, LINK.c.source_id.in_(some))
            .where(LINK.c.superseded_at.is_(None))
            .values(superseded_at=received_at)
        )


def _same_record(children: Table) -> Any:
    return (
        (children.c.source_agency == LINK.c.source_agency)
        & (children.c.source == LINK.c.source)
        & (children.c.source_id == LINK.c.source_id)
    )


def _record(owner: Owner, link: NewLink) -> Mapping[str, Any]:
    return {
        "source_agency": owner.agency,
        "source": owner.source,
        "source_id": link.source_id,
        "child": link.child,
    }


def _row(owner: Owner, link: NewLink, received_at: datetime) -> dict[str, Any]:
    return {**_record(owner, link), "how": link.how, "received_at": received_at}


def _outbox_row(owner: Owner, link: NewLink) -> dict[str, Any]:
    return {**_record(owner, link), "type": "link", "family": "children", "previous_child": link.previous_child}
