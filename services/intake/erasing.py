"""Erasing records: gone, unlinked, told to the feed and put on the audit in one transaction, whoever posted them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from schemas.registry import BY_NAME
from services.access.administration import COMMAND_LINE
from services.identity import arrival
from services.store import audit, erasure, links, outbox, visible
from services.store.audit import Act
from services.store.engine import Store, announce, clock
from services.store.erasure import Erased, Order
from services.store.tombstones import ERASE
from services.store.writing import Key, Owner, Retraction, lock_heads


def erase(store: Store, keys: Sequence[Key], order: Order) -> list[Erased]:
    """Erase these records, all or none; those never held, and those erased already, are passed over."""
    done = store.write(lambda connection: _erase(connection, keys, order))
    erasure.sweep(store)
    return done


def _erase(connection: Connection, keys: Sequence[Key], order: Order) -> list[Erased]:
    announce(connection)
    heads = {key: head for key, head in lock_heads(connection, keys).items() if head.version and not head.is_erased}
    arrival.lock_identities(connection, dict.fromkeys(child for key in heads for child in _own_child(key)))
    children = links.children_of(connection, heads)
    at = clock(connection)
    done = [erasure.erase(connection, key, head, children.get(key), order, at) for key, head in heads.items()]
    _unlink(connection, heads, at)
    told = [key for key, head in heads.items() if not head.is_retracted]
    outbox.add(connection, [outbox.Entry(Retraction.op, key, children.get(key)) for key in told])
    visible.look_again(connection, set(children.values()), at)
    audit.record(connection, [_act(one, order) for one in done])
    return done


def _own_child(key: Key) -> Iterable[links.ChildId]:
    """The child that a record is, where it is one as a source knows it."""
    if BY_NAME[key.family].is_child:
        yield Owner(key.source, key.agency), key.source_id


def _unlink(connection: Connection, heads: Iterable[Key], at: datetime) -> None:
    """Children records that are erased are linked to nobody from now on, as if they had been retracted."""
    gone: dict[Owner, list[arrival.Arrived]] = {}
    for key in heads:
        for owner, source_id in _own_child(key):
            gone.setdefault(owner, []).append(arrival.Arrived(source_id, None))
    for owner, arrived in gone.items():
        arrival.link(connection, owner, arrived, at)


def _act(erased: Erased, order: Order) -> Act:
    detail = {"tombstone": erased.tombstone, "sha256": erased.sha256, "reason": order.reason}
    return Act(
        agency=erased.key.agency,
        source=erased.key.source,
        client_id=COMMAND_LINE,
        act=ERASE,
        what=erased.key.family,
        child=erased.child,
        worker=order.by_worker,
        role=None,
        purpose=None,
        request_id=str(uuid4()),
        detail=detail | {"versions": erased.versions},
    )
