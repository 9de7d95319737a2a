"""Taking changes: written, linked and told to the feed in one transaction, whoever sent them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from schemas.families.children import Child
from schemas.record import Family, Record
from services.errors import Remark
from services.identity import arrival
from services.intake.door import Checked
from services.store import bulk, links, outbox
from services.store.engine import announce
from services.store.writing import Key, Outcome, Owner, Put, Retraction, Sent, lock_heads, write_changes


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one change: its outcome, and the child it is about (None while waiting) with how it was found."""

    outcome: Outcome
    child: str | None
    how: str | None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one change, as its sender is told: `link` is said of a children record only."""

    outcome: Outcome
    child: str | None
    link: str | None
    warnings: Sequence[Remark]


def take(
    connection: Connection,
    sent: Sequence[Sent],
    batch: str | None = None,
    match: bool = True,
    patience_ms: int | None = None,
) -> tuple[datetime, list[Taken]]:
    """Write changes and, to `match`, link them: when they were received, and what became of each.

    `patience_ms` is how long to wait for a record that another transaction holds;
    then Unavailable is raised. The feed's entry for a version comes after the links
    that it brought about, so that it names the child.
    """
    with bulk.together(connection):
        announce(connection, patience_ms)
        heads = lock_heads(connection, (key for each in sent for key in _held_for(each)))
        arrival.lock_identities(connection, _children(sent))
        retracted = links.children_of(connection, _retracted(sent))
        received_at, outcomes = write_changes(connection, sent, heads, batch)
        if match:
            for owner, arrived in _arrived(sent, outcomes).items():
                arrival.link(connection, owner, arrived, received_at)
        found = links.links_of(connection, (child for each in sent if (child := _child_id(each))))
        taken = [_taken(each, outcome, found) for each, outcome in zip(sent, outcomes, strict=True)]
        outbox.add(connection, list(_entries(sent, taken, retracted)))
    return received_at, taken


def child_of(
    connection: Connection, owner: Owner, family: Family, source_id: str, record: Mapping[str, Any]
) -> str | None:
    """The child that a held record is about now; None while it waits."""
    own_id = source_id if family.is_child else record.get("child")
    if own_id is None:
        return None
    found = links.links_of(connection, [(owner, own_id)])
    return found[owner, own_id][0] if found else None


def received(checked: Checked, sent: Sent, taken: Taken) -> Received:
    """What a change's sender is told, warnings included."""
    if isinstance(sent.change, Retraction):
        return Received(taken.outcome, taken.child, None, checked.warnings)
    warnings = list(checked.warnings)
    if taken.child is None and _child_id(sent) is not None:
        warnings.append(_waits())
    if taken.outcome.same_instant:
        warnings.append(_same_instant())
    link = arrival.TOLD[taken.how] if taken.how and sent.change.family.is_child else None
    return Received(taken.outcome, taken.child, link, warnings)


def _held_for(sent: Sent) -> Iterator[Key]:
    """The keys that nobody else may write meanwhile: a change's own, and that of the record it is merged into."""
    yield sent.key
    if isinstance(sent.change, Retraction) and sent.change.replaced_by:
        yield sent.key._replace(source_id=sent.change.replaced_by)


def _children(sent: Iterable[Sent]) -> dict[links.ChildId, Record | None]:
    """The children records that come, and those that are retracted, without a record."""
    changes = ((each.owner, each.change) for each in sent if each.change.family.is_child)
    return {(owner, change.source_id): change.record if isinstance(change, Put) else None for owner, change in changes}


def _arrived(sent: Iterable[Sent], outcomes: Iterable[Outcome]) -> Mapping[Owner, list[arrival.Arrived]]:
    """The children records that came or went, in their order, by owner."""
    found: dict[Owner, list[arrival.Arrived]] = {}
    for each, outcome in zip(sent, outcomes, strict=True):
        if outcome.accepted and each.change.family.is_child:
            found.setdefault(each.owner, []).append(_arrival(each.change))
    return found


def _arrival(change: Put | Retraction) -> arrival.Arrived:
    if isinstance(change, Retraction):
        return arrival.Arrived(change.source_id, None, change.replaced_by)
    assert isinstance(change.record, Child)
    return arrival.Arrived(change.source_id, change.record)


def _child_id(sent: Sent) -> links.ChildId | None:
    """The source's own id of the child that a change is about; of a retraction, only where it is the child's."""
    change = sent.change
    if isinstance(change, Retraction):
        return (sent.owner, change.source_id) if change.family.is_child else None
    return (sent.owner, change.child_id) if change.child_id is not None else None


def _taken(sent: Sent, outcome: Outcome, found: Mapping[links.ChildId, tuple[str, str]]) -> Taken:
    child_id = _child_id(sent)
    child, how = found.get(child_id, (None, None)) if child_id else (None, None)
    return Taken(outcome, child, how)


def _retracted(sent: Iterable[Sent]) -> Iterator[Key]:
    """The keys of what is retracted and is no child's own record."""
    return (each.key for each in sent if isinstance(each.change, Retraction) and not each.change.family.is_child)


def _entries(sent: Iterable[Sent], taken: Iterable[Taken], retracted: Mapping[Key, str]) -> Iterator[outbox.Entry]:
    """What the feed is told: of a retraction, with the child that the record was about."""
    for each, told in zip(sent, taken, strict=True):
        if told.outcome.accepted:
            yield outbox.Entry(each.change.op, each.key, told.child or retracted.get(each.key))


def _waits() -> Remark:
    detail = "no children record with this id has arrived from this source; the record is kept and waits for it"
    return Remark("/child", "child-not-yet-known", None, detail, "post the children record under the same id")


def _same_instant() -> Remark:
    detail = "a different content was recorded at the same instant; this one, being new, took its place"
    return Remark("/recorded_at", "same-recorded-at", None, detail, "give each change its own recorded_at")
