"""Matching on arrival: to which child a new or changed children record is linked.

For now a trusted identifier only: a CHI, else an SCN, with its check digit
right and the birth date agreeing. A record whose identity changed is linked to
nobody else. Nothing merges: links change, records never move.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from quality.functions import is_chi, is_scn
from schemas.families.children import Child
from services.store import links
from services.store.engine import lock
from services.store.writing import Owner

TRUSTED = {"chi": is_chi, "scn": is_scn}
"""The identifiers that may link, the stronger first, and what makes one well formed."""
NEW, CHANGED = "new", "identity_change"
TOLD = dict.fromkeys(TRUSTED, "match") | {NEW: "new", CHANGED: "new"}
"""How the sender of a children record is told of its link."""

Identity = tuple[str, str, date]
"""An identifier's name and value, and the birth date that must agree."""


@dataclass
class _Arrivals:
    """What is known as a batch's children records are linked one after the other."""

    connection: Connection
    owner: Owner
    known: dict[Identity, tuple[str, str]]
    linked: dict[str, tuple[str, str]]
    written: dict[str, links.NewLink] = field(default_factory=dict)


def link(connection: Connection, owner: Owner, arrived: Sequence[tuple[str, Child]], received_at: datetime) -> None:
    """Link a source's children records, given as (source_id, record), in the caller's transaction."""
    if not arrived:
        return
    wanted = {identity for _, record in arrived for identity in identities(record)}
    lock(connection, [f"{name}:{value}" for name, value, _ in wanted])
    source_ids = [source_id for source_id, _ in arrived]
    arrivals = _Arrivals(connection, owner, _known(connection, owner, wanted, set(source_ids)), {})
    arrivals.linked = dict(links.links_of(connection, owner, source_ids))
    for source_id, record in arrived:
        _arrive(arrivals, source_id, record)
    links.write(connection, owner, list(arrivals.written.values()), received_at)


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
) -> dict[Identity, tuple[str, str]]:
    """Who is linked by each identity now: a child and how; the records that arrive do not count."""
    found: dict[Identity, tuple[str, str]] = {}
    for name in TRUSTED:
        values = {value for kind, value, _ in wanted if kind == name}
        for known in links.known_by(connection, name, values) if values else ():
            own = known.owner == owner and known.source_id in arriving
            if known.date_of_birth and not own and known.identity_change is None:
                found.setdefault((name, known.identifier, known.date_of_birth), (known.child, name))
    return found


def _arrive(arrivals: _Arrivals, source_id: str, record: Child) -> None:
    child, how = _child_for(arrivals, source_id, record)
    previous = arrivals.linked.get(source_id)
    if previous is None or previous[0] != child:
        is_new = how in (NEW, CHANGED)
        before = previous[0] if previous else None
        arrivals.written[source_id] = links.NewLink(source_id, child, how, before, is_new)
        arrivals.linked[source_id] = (child, how)
    for identity in identities(record):
        arrivals.known.setdefault(identity, (child, identity[0]))


def _child_for(arrivals: _Arrivals, source_id: str, record: Child) -> tuple[str, str]:
    """The child a record is about, and how that was found."""
    held = arrivals.linked.get(source_id)
    if record.identity_change is not None:
        return held if held and held[1] == CHANGED else (_new_child(), CHANGED)
    for identity in identities(record):
        if identity in arrivals.known:
            return arrivals.known[identity]
    if held and (held[1] == NEW or links.shared(arrivals.connection, held[0]) == 1):
        return held
    return _new_child(), NEW


def _new_child() -> str:
    return secrets.token_hex(13)
