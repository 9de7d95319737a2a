"""What a record tells of other people: kept back, a place at a time, until a person has looked at it.

A person who asks for what is held of them is not owed what is held of others.
Whether a sentence is about somebody else only a reader can say: it waits in a
queue, where it is decided to keep it in the package or to take it out.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any

from schemas.codelists import code_list
from schemas.fields import OfOthers
from schemas.record import Family
from schemas.retraction import RetractionBody
from schemas.tables import Table, derive
from services.errors import BadRequest

KEEP, REDACT = "keep", "redact"
KEPT_BACK, TAKEN_OUT = "kept_back", "taken_out"
"""What stands in a value's place: the id of what is to be decided, or that it was taken out."""
Places = Sequence[tuple[tuple[str, ...], OfOthers]]
"""Where a record may tell of others: the names that lead there, through lists and objects alike."""


@dataclass(frozen=True)
class Waiting:
    """One thing to be looked at: where it is said, in which versions, and what was decided; None: nothing yet."""

    id: str
    agency: str
    source: str
    family: str
    source_id: str
    versions: tuple[int, ...]
    pointer: str
    why: str
    value: Any
    decision: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Said:
    """Something that is to be given to a person: who holds it, under which id and version, and where others may be."""

    agency: str
    source: str
    family: str
    source_id: str
    version: int
    record: Mapping[str, Any]
    places: Places


class Queue:
    """What waits for a decision, and what was decided already."""

    def __init__(self, decided: Mapping[str, str]) -> None:
        self._decided = decided
        self.entries: dict[str, Waiting] = {}

    def cleared(self, said: Said) -> Any:
        """The record as it may be given now."""
        record: Any = said.record
        for path, kind in said.places:
            record = _replaced(record, path, "", partial(self._shown, said, kind))
        return record

    @property
    def waiting(self) -> int:
        return sum(one.decision is None for one in self.entries.values())

    def _shown(self, said: Said, kind: OfOthers, pointer: str, value: Any) -> Any:
        if kind is OfOthers.WORKER or value in (None, "", [], {}):
            return None
        entry = self._entry(said, pointer, value, kind)
        if entry.decision == KEEP:
            return value
        return {TAKEN_OUT: True} if entry.decision == REDACT else {KEPT_BACK: entry.id}

    def _entry(self, said: Said, pointer: str, value: Any, kind: OfOthers) -> Waiting:
        """What is to be decided there: the same words at the same place of several versions once."""
        key = [said.agency, said.source, said.family, said.source_id, pointer, value]
        name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        held = self.entries.get(name)
        before = held.versions if held else ()
        where = (said.agency, said.source, said.family, said.source_id)
        made = Waiting(name, *where, (said.version,), pointer, kind.value, value, self._decided.get(name))
        self.entries[name] = replace(made, versions=(*before, said.version))
        return self.entries[name]


def read_decisions(text: str) -> dict[str, str]:
    """What was decided, by id: a queue whose `decision`s were filled in, or its entries alone; raises BadRequest."""
    try:
        given = json.loads(text)
        entries = given["entries"] if isinstance(given, dict) else given
        found = {str(one["id"]): one["decision"] for one in entries if one.get("decision") is not None}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadRequest("The decisions are not a redaction queue: entries, each with an id and a decision") from None
    if wrong := [name for name, decision in found.items() if decision not in (KEEP, REDACT)]:
        raise BadRequest(f"The decision on {wrong[0]} is neither {KEEP} nor {REDACT}")
    return found


def shapes(family: Family, op: str) -> Sequence[Table]:
    """The shapes of what was sent: of the family's records, or of a retraction."""
    return family.posted_tables if op == "put" else _retraction()


@cache
def _retraction() -> Sequence[Table]:
    return derive("retraction", RetractionBody, family="")


def places_of(family: Family, op: str, record: Mapping[str, Any]) -> Places:
    """Where a record may tell of others; words in one that says that it is of the child alone do not."""
    found = _marked(family, op)
    return [one for one in found if one[1] is not OfOthers.MAY] if _is_of_the_child_alone(record) else found


@cache
def _marked(family: Family, op: str) -> Places:
    return [
        ((*table.path, *column.path), column.of_others)
        for table in shapes(family, op)
        for column in table.columns
        if column.of_others
    ]


def _is_of_the_child_alone(record: Mapping[str, Any]) -> bool:
    if "third_party" in record:
        return record["third_party"] is False
    people = record.get("people") or []
    return bool(people) and code_list("people").flagged("is_third_party").isdisjoint(people)


def _replaced(record: Any, path: Sequence[str], pointer: str, by: Callable[[str, Any], Any]) -> Any:
    """A record with what a path leads to replaced; what comes to nothing is left out."""
    if isinstance(record, list):
        made = [_replaced(each, path, f"{pointer}/{place}", by) for place, each in enumerate(record)]
        return [each for each in made if each is not None]
    if not path:
        return by(pointer, record)
    if not isinstance(record, Mapping) or path[0] not in record:
        return record
    value = _replaced(record[path[0]], path[1:], f"{pointer}/{path[0]}", by)
    return {
        name: value if name == path[0] else each
        for name, each in record.items()
        if name != path[0] or value is not None
    }


def waiting_of(entries: Mapping[str, Waiting]) -> Iterator[dict[str, Any]]:
    """The queue's entries as they are written, in the order of their records and places."""
    ordered = sorted(
        entries.values(), key=lambda one: (one.family, one.agency, one.source_id, one.versions, one.pointer)
    )
    return (one.as_json() for one in ordered)
