"""All that is held of a child, who received it and who looked: what a person who asks is to be given.

It is read across all agencies, past every relationship, for the person it is
about. So where a child can be found still stays behind if any record is
restricted, and a child whose identity changed is for its named officers only.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from schemas.fields import OfOthers
from schemas.registry import BY_NAME
from services.access.administration import COMMAND_LINE
from services.access.policy import left_out, strictest
from services.access.redaction import redacted
from services.access.sight import Sight
from services.children.others import Queue, Said, places_of, waiting_of
from services.children.reading import Json, agency_name
from services.errors import NotFound
from services.store import audit, everything, links, sources
from services.store.audit import PLACE, Act, Entry
from services.store.engine import Store, clock
from services.store.everything import Version
from services.store.relationships import Facts, Who, facts
from services.store.writing import Key

PURPOSE = "subject-access"
AT_ONCE = 1_000
LOOKS = ("read", "search", "break_glass", "export")
"""The acts that are somebody's looking at a child."""
WORDS: Sequence[tuple[tuple[str, ...], OfOthers]] = ((("what",), OfOthers.MAY), (("reason",), OfOthers.MAY))
"""Where a decision on sharing, or the breaking of glass, may tell of others."""


@dataclass(frozen=True)
class Package:
    """What is given, and what a person has to look at before it is given whole."""

    body: Json
    queue: Json

    @property
    def waiting(self) -> int:
        count: int = self.body["waiting"]
        return count


@dataclass
class _Making:
    connection: Connection
    child: str
    sight: Sight
    queue: Queue


def make(store: Store, child: str, made_by: Who, decided: Mapping[str, str]) -> Package:
    """Make a child's package, and put on the audit that it was made, by whom; raises NotFound.

    An unknown child is answered as one whose identity changed is to whoever is not
    its named officer.
    """
    return store.write(lambda connection: _made(connection, child, made_by, decided))


def _made(connection: Connection, child: str, made_by: Who, decided: Mapping[str, str]) -> Package:
    at = clock(connection)
    known = facts(connection, child, at, made_by)
    if not links.is_known(connection, child) or (known.is_sealed and not _is_officer(known, made_by)):
        raise NotFound(
            "There is no child with this id that you may make a package of; an identity that changed is"
            " for its agency's named officers (--agency, --worker)"
        )
    sight = Sight(child, frozenset(known.holders), strictest(known.restrictions), PURPOSE)
    making = _Making(connection, child, sight, Queue(decided))
    records = list(_records(making))
    body = {
        "child": child,
        "made_at": at.astimezone(UTC),
        "made_up": sources.about(connection, "synthetic") == "true",
        "restriction": sight.restriction,
        "left_out": left_out(sight.restriction),
        "records": records,
        "erased": [_gone(one) for one in everything.erased(connection, child)],
        "links": [_tie(one) for one in everything.ties(connection, child)],
        **_looks(connection, child),
        "copies": [_copies(one) for one in everything.copies(connection, child)],
        "sharing_decisions": [
            _told(making, "sharing_decision", one) for one in everything.decisions(connection, child)
        ],
        "break_glass": [_told(making, "break_glass", one) for one in everything.grants(connection, child)],
    }
    waiting = making.queue.waiting
    body |= {"waiting": waiting, "is_final": not waiting}
    audit.record(connection, [_act(known, made_by, body, child)])
    note = (
        "For whoever decides, not for whoever asked: set each decision to keep or redact, and make the package again."
    )
    return Package(body, {"child": child, "note": note, "entries": list(waiting_of(making.queue.entries))})


def _is_officer(known: Facts, made_by: Who) -> bool:
    return known.is_officer and made_by.agency in known.holders


def _records(making: _Making) -> Iterator[Json]:
    for key in everything.keys(making.connection, making.child):
        versions = list(everything.versions(making.connection, key))
        told = [_version(making, one) for one in versions]
        held = everything.left(making.connection, [key]) and versions[-1].op == "put"
        yield {**_whose(key), "state": "held" if held else "taken back", "versions": told}


def _version(making: _Making, version: Version) -> Json:
    key, family = version.key, BY_NAME[version.key.family]
    told = {"version": version.version, "op": version.op}
    told |= {"recorded_at": version.recorded_at, "received_at": version.received_at}
    if version.body is None:
        return {**told, "record": None, "is_erased": True}
    shown = redacted(family, version.body, making.sight) if version.op == "put" else version.body
    places = places_of(family, version.op, version.body)
    said = Said(key.agency, key.source, key.family, key.source_id, version.version, shown, places)
    return {**told, "record": making.queue.cleared(said)}


def _told(making: _Making, kind: str, row: Mapping[str, Any]) -> Json:
    number = row.get("decision") or row.get("grant_id")
    said = Said(row["agency"], row["source"], kind, str(number), 1, row, WORDS)
    shown: Json = making.queue.cleared(said)
    return shown | {"agency_name": agency_name(row["agency"])}


def _whose(key: Key) -> Json:
    named = {"agency": key.agency, "agency_name": agency_name(key.agency)}
    return {**named, "source": key.source, "family": key.family, "source_id": key.source_id}


def _gone(one: everything.Gone) -> Json:
    why = {"erased_at": one.erased_at, "reason": one.reason, "legal_ground": one.legal_ground}
    return {**_whose(one.key), **why, "versions": one.versions}


def _tie(one: everything.Tie) -> Json:
    return {**one.__dict__, "agency_name": agency_name(one.agency)}


def _copies(one: everything.Copies) -> Json:
    return {**one.__dict__, "to_agency_name": agency_name(one.to_agency), "of_agency_name": agency_name(one.of_agency)}


def _looks(connection: Connection, child: str) -> Json:
    """Who looked, one by one, and what each agency and source got by it: whose items, and which classes of fields."""
    entries = [one for one in _entries(connection, child) if one.act.act in LOOKS]
    received: dict[tuple[str, str], Json] = {}
    for one in entries:
        _add(received.setdefault((one.act.agency, one.act.source), _nothing(one.act)), one)
    return {"looked": [_look(one) for one in entries], "received": [received[key] for key in sorted(received)]}


def _entries(connection: Connection, child: str) -> Iterator[Entry]:
    after = 0
    while some := audit.of_child(connection, child, after, AT_ONCE):
        yield from some
        after = some[-1].entry


def _nothing(act: Act) -> Json:
    named = {"agency": act.agency, "agency_name": agency_name(act.agency), "source": act.source}
    return {**named, "times": 0, "purposes": [], "views": [], "field_classes": [], "items_of": defaultdict(int)}


def _add(received: Json, entry: Entry) -> None:
    act = entry.act
    received["times"] += 1
    received["first_at"] = received.get("first_at", entry.at)
    received["last_at"] = entry.at
    for name, values in (
        ("purposes", [act.purpose]),
        ("views", [act.what]),
        ("field_classes", act.detail.get("shown", [])),
    ):
        received[name] = sorted({*received[name], *(value for value in values if value)})
    for agency, count in act.detail.get("items", {}).items():
        received["items_of"][agency] += count


def _look(entry: Entry) -> Json:
    act = entry.act
    named = {"agency": act.agency, "agency_name": agency_name(act.agency)}
    return {"at": entry.at, **named, "role": act.role, "purpose": act.purpose, "act": act.act, "what": act.what}


def _act(known: Facts, made_by: Who, body: Json, child: str) -> Act:
    """That the package was made: on the log of whose worker made it, else of the agency that knew the child first."""
    agency = made_by.agency or next(iter(known.holders), COMMAND_LINE)
    places = bool(body["records"]) and not body["left_out"]
    return Act(
        agency=agency,
        source=COMMAND_LINE,
        client_id=COMMAND_LINE,
        act="export",
        what=PURPOSE,
        child=child,
        worker=made_by.worker or None,
        role=None,
        purpose=PURPOSE,
        request_id=str(uuid4()),
        detail={"records": len(body["records"]), "waiting": body["waiting"], "shown": [PLACE] if places else []},
    )
