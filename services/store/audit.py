"""Stands in for the audit until it is here: acts are kept in this process alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Act:
    """What was done or asked, by whom and what for; `detail` never holds personal data."""

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


_kept: list[Entry] = []


def record(connection: Connection, acts: Sequence[Act]) -> None:
    """Put acts on record, in the transaction's own fate."""
    _kept.extend(Entry(len(_kept) + number, datetime.now(UTC), act) for number, act in enumerate(acts, 1))


def of_child(connection: Connection, child: str, after: int, limit: int) -> list[Entry]:
    """The acts that concern a child, oldest first, after a number."""
    return [one for one in _kept if one.act.child == child and one.entry > after][:limit]
