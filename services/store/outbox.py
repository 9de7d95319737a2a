"""The outbox: what the changes feed has yet to number, written with the change itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table

from services.store import bulk
from services.store.tables import Outbox
from services.store.writing import Key

OUTBOX: Table = Outbox.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Entry:
    """That a version was accepted (`put`, `retract`), or that a children record is about another child (`link`)."""

    type: str
    key: Key
    child: str | None
    previous_child: str | None = None


def add(connection: Connection, entries: Sequence[Entry]) -> None:
    """Tell the feed, once the transaction is committed, in this order."""
    bulk.insert(connection, OUTBOX, [_row(entry) for entry in entries])


def _row(entry: Entry) -> dict[str, str | None]:
    told = {"type": entry.type, "child": entry.child, "previous_child": entry.previous_child}
    return entry.key.columns() | told
