"""Matching on arrival: to which child a new or changed children record is linked.

For now a trusted identifier only: a CHI, else an SCN, with its check digit
right and the birth date agreeing. A record whose identity changed is linked to
nobody else. Nothing merges: links change, records never move.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from quality.functions import is_chi, is_scn
from schemas.families.children import Child
from schemas.record import Record
from services.store import links
from services.store.engine import lock
from services.store.writing import Owner

TRUSTED = {"chi": is_chi, "scn": is_scn}
"""The identifiers that may link, the stronger first, and what makes one well formed."""
NEW, CHANGED, MERGED = "new", "identity_change", "merged"
TOLD = dict.fromkeys((*TRUSTED, MERGED), "match") | {NEW: "new", CHANGED: "new"}
"""How the sender of a children record is told of its link."""

Identity = tuple[str, str, date]
"""An identifier's name and value, and the birth date that must agree."""


@dataclass(frozen=True)
class Arrived:
    """A children record that came, or (without a record) was retracted, perhaps merged into another."""

    source_id: str
    record: Child | None
    replaced_by: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A child that an identity leads to, and the CHI of the record that does."""

    child: str
    chi: str | None


@dataclass
class _Arrivals:
    """What is known as a batch's children records are linked one after the other."""

    connection: Connection
    owner: Owner
    known: dict[Identity, list[Candidate]]
    linked: dict[str, tuple[str, str]]
    changed: dict[str, str] = field(default_factory=dict)
    """The child of each record that is linked no more and whose identity once changed."""
    written: dict[str, links.NewLink] = field(default_factory=dict)


def link(connection: Connection, owner: Owner, arrived: Sequence[Arrived], received_at: datetime) -> None:
    """Link a source's children records anew, in the caller's transaction; of several for one id the last counts.

    A retracted record is linked no more, and its dependants wait; one that was
    merged follows the record it was merged into, now and later.
    """
    last = {one.source_id: one for one in arrived}
    came = {source_id: one.record for source_id, one in last.items() if one.record is not None}
    if not last:
        return
    wanted = {identity for record in came.values() for identity in identities(record)}
    arrivals = _Arrivals(connection, owner, _known(connection, owner, wanted, set(last)), {})
    arrivals.linked = _links_of(connection, owner, last)
    arrivals.changed = links.changed_identity(connection, owner, set(came) - set(arrivals.linked))
    for source_id, record in came.items():
        _arrive(arrivals, source_id, record)
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


def lock_identities(connection: Connection, records: Sequence[Record]) -> None:
    """Hold every trusted identifier of these records until the transaction ends."""
    held = {identity for record in records if isinstance(record, Child) for identity in identities(record)}
    lock(connection, {f"{name}:{value}" for name, value, _ in held})


def identities(record: Child) -> Iterator[Identity]:
    """The trusted identities that a record carries."""
    if record.date_of_birth is None or record.identity_change is not None:
        return
    for name, well_formed in TRUSTED.items():
        value = getattr(record, name)
        if value is not None and well_formed(value):
            yield name, value, record.date_of_birth


def _known(
    connection: Connection, owner: Owner, wanted: set[Identity], arriving: set[str]
) -> dict[Identity, list[Candidate]]:
    """Who is linked by each identity now; the records that arrive do not count, nor any whose identity changed."""
    found: dict[Identity, list[Candidate]] = {}
    for name in TRUSTED:
        values = {value for kind, value, _ in wanted if kind == name}
        for known in links.known_by(connection, name, values) if values else ():
            own = known.owner == owner and known.source_id in arriving
            if known.date_of_birth and not own and known.identity_change is None and known.how != CHANGED:
                identity = (name, known.identifier, known.date_of_birth)
                found.setdefault(identity, []).append(Candidate(known.child, known.chi))
    return found


def _arrive(arrivals: _Arrivals, source_id: str, record: Child) -> None:
    child, how = _child_for(arrivals, source_id, record)
    previous = arrivals.linked.get(source_id)
    if previous is None or previous[0] != child:
        is_new = how in (NEW, CHANGED) and arrivals.changed.get(source_id) != child
        before = previous[0] if previous else None
        arrivals.written[source_id] = links.NewLink(source_id, child, how, before, is_new)
        arrivals.linked[source_id] = (child, how)
    if how != CHANGED:
        for identity in identities(record):
            arrivals.known.setdefault(identity, []).append(Candidate(child, record.chi))


def _child_for(arrivals: _Arrivals, source_id: str, record: Child) -> tuple[str, str]:
    """The child a record is about, and how that was found; what changed identity is never linked again."""
    held = arrivals.linked.get(source_id)
    if held and held[1] == CHANGED:
        return held
    if source_id in arrivals.changed:
        return arrivals.changed[source_id], CHANGED
    if record.identity_change is not None:
        return _new_child(), CHANGED
    for identity in identities(record):
        for candidate in arrivals.known.get(identity, ()):
            if not _contradicts(candidate.chi, record.chi):
                return candidate.child, identity[0]
    if held and (held[1] == NEW or links.shared(arrivals.connection, held[0]) == 1):
        return held
    return _new_child(), NEW


def _contradicts(one: str | None, other: str | None) -> bool:
    """Whether two CHIs are both well formed and differ: then an SCN in common is somebody's mistake."""
    return one is not None and other is not None and one != other and is_chi(one) and is_chi(other)


def _new_child() -> str:
    return secrets.token_hex(13)
