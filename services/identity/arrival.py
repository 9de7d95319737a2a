"""Matching on arrival: to which child a new or changed children record is linked.

For now a trusted identifier only: a CHI, else an SCN, with its check digit
right and the birth date agreeing. A record whose identity changed is linked to
nobody else. Nothing merges: links change, records never move.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from quality.functions import is_chi, is_scn
from schemas.families.children import Child
from schemas.record import Record
from services.identity.company import NOBODYS, Company, Identity, Stated
from services.store import links
from services.store.engine import lock
from services.store.writing import Owner

TRUSTED = {"chi": is_chi, "scn": is_scn}
"""The identifiers that may link, the stronger first, and what makes one well formed."""
NEW, CHANGED, MERGED = "new", "identity_change", "merged"
TOLD = dict.fromkeys((*TRUSTED, MERGED), "match") | {NEW: "new", CHANGED: "new"}
"""How the sender of a children record is told of its link."""


@dataclass(frozen=True)
class Arrived:
    """A children record that came, or (without a record) was retracted, perhaps merged into another."""

    source_id: str
    record: Child | None
    replaced_by: str | None = None


@dataclass
class _Arrivals:
    """A batch's children records as they are linked one after the other, and the company they keep."""

    linked: dict[str, tuple[str, str]]
    """The child that each arriving record is linked to, and how."""
    changed: dict[str, str]
    """The child of each record that is linked no more and whose identity once changed."""
    company: Company
    written: dict[str, links.NewLink] = field(default_factory=dict)


def link(connection: Connection, owner: Owner, arrived: Sequence[Arrived], received_at: datetime) -> None:
    """Link a source's children records anew, in the caller's transaction; of several for one id the last counts.

    A retracted record is linked no more, and its dependants wait; one that was
    merged follows the record it was merged into, now and later.
    """
    last = {one.source_id: one for one in arrived}
    came = {source_id: _stated(one.record) for source_id, one in last.items() if one.record is not None}
    if not last:
        return
    linked = _links_of(connection, owner, last)
    company = _company(connection, came.values(), (child for child, _ in linked.values()))
    for source_id in (one for one in came if one in linked):
        if not company.keeps((owner, source_id), came[source_id], linked[source_id][0]):
            company.leave((owner, source_id))
    arrivals = _Arrivals(linked, links.changed_identity(connection, owner, set(came) - set(linked)), company)
    for source_id, stated in came.items():
        _arrive(arrivals, owner, source_id, stated)
    links.write(connection, owner, list(arrivals.written.values()), received_at)
    _retire(connection, owner, [one for one in last.values() if one.record is None], received_at)
    _bring_along(connection, owner, list(last), received_at)


def _retire(connection: Connection, owner: Owner, retracted: Sequence[Arrived], received_at: datetime) -> None:
    links.retire(connection, owner, [one.source_id for one in retracted], received_at)
    replaced = [one.replaced_by for one in retracted if one.replaced_by]
    _bring_along(connection, owner, replaced, received_at)


def _bring_along(connection: Connection, owner: Owner, source_ids: Sequence[str], received_at: datetime) -> None:
    """Whatever was merged into these ids, in one step or several, is linked as they are."""
    followed: set[str] = set()
    while source_ids:
        followed |= set(source_ids)
        merged = links.merged_into(connection, owner, source_ids)
        leaders = _links_of(connection, owner, merged.values())
        held = _links_of(connection, owner, merged)
        moved = [_following(one, leaders.get(into), held.get(one)) for one, into in merged.items()]
        lost = {one: held[one][0] for one, into in merged.items() if into not in leaders and one in held}
        links.unlink(connection, owner, lost, received_at)
        links.write(connection, owner, [one for one in moved if one], received_at)
        source_ids = [one for one in merged if one not in followed]


def _links_of(connection: Connection, owner: Owner, source_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    found = links.links_of(connection, ((owner, source_id) for source_id in source_ids))
    return {source_id: link for (_, source_id), link in found.items()}


def _following(source_id: str, leader: tuple[str, str] | None, held: tuple[str, str] | None) -> links.NewLink | None:
    if leader is None or (held and held[0] == leader[0]):
        return None
    return links.NewLink(source_id, leader[0], MERGED, held[0] if held else None, False, follows=True)


def lock_identities(connection: Connection, arriving: Mapping[links.ChildId, Record | None]) -> None:
    """Hold every identifier that these records carry, or carried until now, until the transaction ends.

    Without a record: one that is retracted.
    """
    held = links.identifiers_of(connection, arriving)
    for record in arriving.values():
        if isinstance(record, Child):
            held |= {(name, value) for name, value, _ in identities(record)}
    lock(connection, {f"{name}:{value}" for name, value in held})


def identities(record: Child | links.Known) -> Iterator[Identity]:
    """The trusted identities that a record carries."""
    if record.date_of_birth is None or record.identity_change is not None:
        return
    for name, well_formed in TRUSTED.items():
        value = getattr(record, name)
        if value is not None and well_formed(value):
            yield name, value, record.date_of_birth


def _stated(record: Child | links.Known) -> Stated:
    chi = record.chi if record.chi is not None and is_chi(record.chi) else None
    return Stated(tuple(identities(record)), chi, record.identity_change is not None)


def _company(connection: Connection, came: Iterable[Stated], children: Iterable[str]) -> Company:
    """The records linked to any child that what came leads to, or that it is linked to now."""
    identifiers = {(name, value) for stated in came for name, value, _ in stated.identities}
    company = Company()
    for one in links.company_of(connection, identifiers, children):
        company.join((one.owner, one.source_id), one.child, NOBODYS if one.how == CHANGED else _stated(one))
    return company


def _arrive(arrivals: _Arrivals, owner: Owner, source_id: str, stated: Stated) -> None:
    child, how = _child_for(arrivals, (owner, source_id), stated)
    previous = arrivals.linked.get(source_id)
    if previous is None or previous[0] != child:
        is_new = how in (NEW, CHANGED) and arrivals.changed.get(source_id) != child
        before = previous[0] if previous else None
        arrivals.written[source_id] = links.NewLink(source_id, child, how, before, is_new)
        arrivals.linked[source_id] = (child, how)
    arrivals.company.join((owner, source_id), child, NOBODYS if how == CHANGED else stated)


def _child_for(arrivals: _Arrivals, one: links.ChildId, stated: Stated) -> tuple[str, str]:
    """The child a record is about, and how that was found; what changed identity is never linked again."""
    _, source_id = one
    held = arrivals.linked.get(source_id)
    if held and held[1] == CHANGED:
        return held
    if source_id in arrivals.changed:
        return arrivals.changed[source_id], CHANGED
    if stated.changed_identity:
        return _new_child(), CHANGED
    for identity in stated.identities:
        children = arrivals.company.led_to(identity, one, stated)
        if held and held[0] in children:
            return held[0], identity[0]
        if children:
            return children[0], identity[0]
    if held and arrivals.company.child_of(one) == held[0]:
        return held
    return _new_child(), NEW


def _new_child() -> str:
    return secrets.token_hex(13)
