"""Every kind of agency beside every child: whose canaries each may see, and what each is answered at every address."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from random import Random
from string import Formatter
from typing import Any

import httpx
from fastapi.routing import iter_route_contexts

from schemas.codelists import code_list
from schemas.fields import NAMED_KINDS
from schemas.registry import BY_SEGMENT, FAMILIES
from seed.identifiers import Register
from services.access.credentials import Credentials, add_source
from services.access.scopes import SCOPES
from services.api.requests import scope_of
from services.app import create_app
from services.inspection.store_run import run_over_store
from services.store.engine import Store
from tests.canaries import ID, PLACE, TEXT, Canaries, Canary
from tests.conftest import AGENCY, ELSEWHERE, SOURCE, Service
from tests.contract.test_policies import address
from tests.examples import example
from tests.posted import NAMES_NOBODY, day

OWN, TEAM, ENDED, STRANGER = "own", "team", "ended", "stranger"
"""How an asker stands to a child: it holds records of its own; the holder's plan names it; it did once; nothing."""
RELATIONSHIPS = (OWN, TEAM, ENDED, STRANGER)
RESTRICTIONS = ("normal", "restricted", "shielded")
HOLDER, OUTSIDER, BREAKER, ANYBODY = "holder", "outsider", "breaker", "anybody"
"""Who says a canary, beside the askers: who names them, one that nobody names, one that broke glass, all alike."""
CHILD, EARLY, ASIDE, WORKER = "child", "early", "aside", "worker"
"""Further kinds of canary: a child's opaque id, an id posted while all were named, a note or reason, a worker."""
SIGHT: Mapping[str, set[str]] = {OWN: {"self"}, TEAM: {"self", HOLDER}, ENDED: set(), STRANGER: set()}
"""Whose items an asker sees. This table, and `may_see` below, know nothing of the policy's own code."""
LISTED = {row["kind"]: code for code, row in code_list("agencies").rows.items() if code != AGENCY}
AGENCIES = {**LISTED, **{kind: f"{prefix}-matrix" for prefix, kind in NAMED_KINDS.items()}}
"""An agency of each kind."""
NATIONAL = {"government", "regulator"}
READER = {"Kith-Purpose": "child-wellbeing", "Kith-Worker": "w-reads; role=social-worker"}
GLASS = READER | {"Kith-Worker": "w-breaks-glass; role=social-worker"}


@dataclass(frozen=True)
class Asker:
    """A client of an agency of some kind."""

    kind: str
    source: str
    agency: str
    client: Credentials


@dataclass
class Cell:
    """A child to whom all askers stand alike: its identifiers, and each agency's own ids of its records."""

    relationship: str
    restriction: str
    about: dict[str, Any]
    child: str = ""
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.relationship}/{self.restriction}"


@dataclass
class World:
    """A service with a child for each relationship and restriction, and whatever else the addresses name."""

    service: Service
    canaries: Canaries = field(default_factory=Canaries)
    askers: list[Asker] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)


def may_see(asker: Asker, canary: Canary, path: str) -> bool:
    """Whether an asker may be told a canary at an address."""
    relationship, restriction = canary.about.split("/")
    is_own = canary.by == asker.kind or (canary.by == ANYBODY and relationship == OWN)
    sees = {asker.kind if one == "self" else one for one in SIGHT[relationship]}
    in_sight = canary.by in sees or (canary.by == ANYBODY and bool(sees))
    if path.startswith(("/v1/sources/", "/v1/batches/")):
        return is_own
    if path.startswith("/v1/quality/"):
        return canary.what in (ID, EARLY) and (is_own or asker.kind in NATIONAL)
    if path == "/v1/children/search":
        return canary.what == CHILD and restriction != "shielded"
    if path.startswith("/v1/children/"):
        return in_sight and (canary.what != PLACE or restriction == "normal") and canary.what not in (ASIDE, WORKER)
    if path == "/v1/notices":
        return canary.what == CHILD or (relationship == OWN and canary.by == BREAKER)
    if path == "/v1/changes":
        return (in_sight and canary.what in (ID, EARLY, CHILD)) or (
            relationship == ENDED and (canary.what == CHILD or (canary.what == EARLY and canary.by == HOLDER))
        )
    return path == "/v1/audit/received" and canary.what == CHILD and in_sight


# --- The world ---------------------------------------------------------------


def made(service: Service, kinds: Iterable[str]) -> World:
    """Everything posted: first what names everybody, then what comes once some are named no more."""
    world = World(service)
    store = Store(service.settings.store_url)
    for kind in kinds:
        source = f"matrix-{kind.replace('_', '-')}"
        world.askers.append(Asker(kind, source, AGENCIES[kind], add_source(store, source, AGENCIES[kind], SCOPES)))
    holder = Asker(HOLDER, SOURCE, AGENCY, service.owner)
    team = add_source(store, "holder-data-team", AGENCY, SCOPES)
    breaker = Asker(BREAKER, "matrix-breaker", "TS-breaker", add_source(store, "matrix-breaker", "TS-breaker", SCOPES))
    store.close()
    world.cells = [_cell(world, number) for number in range(len(RELATIONSHIPS) * len(RESTRICTIONS))]
    world.numbers["batch"] = _posted(world, holder, _naming(world))
    for asker in world.askers:
        service.http.get("/v1/changes", headers=service.headers(asker.client))
    _posted(world, holder, _later(world))
    _posted(world, Asker(OUTSIDER, *ELSEWHERE, service.stranger), _records(world, OUTSIDER, world.cells))
    for asker in world.askers:
        _posted(world, asker, _records(world, asker.kind, [one for one in world.cells if one.relationship == OWN]))
    for cell in world.cells:
        _decided(world, holder, cell)
        _broken(world, breaker, cell)
    _inspected(world, replace(holder, client=team))
    return world


def _cell(world: World, number: int) -> Cell:
    relationship, restriction = RELATIONSHIPS[number % 4], RESTRICTIONS[number // 4]
    about, born_on = f"{relationship}/{restriction}", date(2015, 2, 1 + number)
    random, register = Random(number), Register()  # noqa: S311
    identifiers = {"chi": register.chi(born_on, "female", random), "scn": register.scn(2010 + number)}
    shared = {name: world.canaries.mark(str(value), ANYBODY, about, name, TEXT) for name, value in identifiers.items()}
    for name in ("given_name", "family_name"):
        shared[name] = world.canaries.new(ANYBODY, about, name)
    return Cell(relationship, restriction, shared | {"date_of_birth": born_on.isoformat()})


def _line(world: World, by: str, cell: Cell, family: str, part: str = "", what: str = ID, **changes: Any) -> bytes:
    """A line of a batch: a record with a canary in every field; `part` tells several of a family apart."""
    declared = next(one for one in FAMILIES if one.name == family)
    key = (by, family + part)
    cell.ids[key] = cell.ids.get(key) or world.canaries.new(by, cell.name, f"{family}.source_id", what)
    about = cell.about if declared.is_child else {"child": cell.ids[by, "children"]}
    changes = {**NAMES_NOBODY.get(family, {}), **about, **changes}
    record = world.canaries.record(declared, by, cell.name, changes)
    return json.dumps({"family": family, "source_id": cell.ids[key], "record": record}).encode()


def _posted(world: World, asker: Asker, lines: Iterable[bytes]) -> str:
    """Post a batch, of which every line must be taken; its id."""
    sent = list(lines)
    headers = world.service.headers(asker.client, Content_Type="application/x-ndjson")
    url = f"/v1/sources/{asker.source}/batches"
    answer = world.service.http.post(url, content=b"\n".join(sent), headers=headers)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    results = world.service.http.get(told["results_url"], headers=headers).text.splitlines()
    assert told["counts"]["rejected"] == told["counts"]["stale"] == 0, results
    for cell, child in _children(world, [json.loads(one) for one in results], asker.kind):
        assert cell.child in ("", child), "one child became two"
        cell.child = world.canaries.mark(child, ANYBODY, cell.name, CHILD, CHILD)
    return str(told["batch"])


def _children(world: World, results: Iterable[Mapping[str, Any]], by: str) -> Iterator[tuple[Cell, str]]:
    told = {one["source_id"]: one["child"] for one in results if one["family"] == "children"}
    for cell in world.cells:
        if (child := told.get(cell.ids.get((by, "children"), ""))) is not None:
            yield cell, child


def _named(world: World, cell: Cell, half: int, **more: str) -> list[dict[str, str]]:
    """As partners, every second asker, where the child is one whose holder names or named them."""
    if cell.relationship not in (TEAM, ENDED):
        return []
    return [{"agency": one.agency, "role": "social-worker", **more} for one in world.askers[half::2]]


def _naming(world: World) -> Iterator[bytes]:
    """What the holder posts first: the child, and two plans that each name half of the askers."""
    for cell in world.cells:
        yield _line(world, HOLDER, cell, "children", what=EARLY)
        for half in (0, 1):
            yield _line(world, HOLDER, cell, "plans", f"-{half}", EARLY, partners=_named(world, cell, half))


def _later(world: World) -> Iterator[bytes]:
    """What it posts then: who was named is named no more, by one plan's end and by the days of the other; the rest."""
    now = {"recorded_at": "2025-09-01T09:00:00Z"}
    for cell in world.cells:
        if cell.relationship == ENDED:
            until = _named(world, cell, 0, to_on=day(-2))
            ended = {"ended_on": day(-2), "end_reason": "outcomes_achieved"}
            yield _line(world, HOLDER, cell, "plans", "-0", EARLY, partners=until, **now)
            yield _line(world, HOLDER, cell, "plans", "-1", EARLY, partners=_named(world, cell, 1), **ended, **now)
        yield _line(world, HOLDER, cell, "children", what=EARLY, restricted=cell.restriction, **now)
        yield from _records(world, HOLDER, [cell], without=("children",))
        note = world.canaries.new(HOLDER, cell.name, "retraction.note", ASIDE)
        line = json.loads(_line(world, HOLDER, cell, "referrals", "-retracted"))
        yield json.dumps(line).encode()
        del line["record"]
        yield json.dumps(line | {"retract": {"reason": "entered-in-error", "note": note}}).encode()


def _records(world: World, by: str, cells: Iterable[Cell], without: tuple[str, ...] = ()) -> Iterator[bytes]:
    """A record of every family about each child, and a second one of those that are lists."""
    for cell in cells:
        for family in (one for one in FAMILIES if one.name not in without):
            for part in ("",) if family.is_child else ("", "-second"):
                yield _line(world, by, cell, family.name, part)


def _decided(world: World, holder: Asker, cell: Cell) -> None:
    """A decision on sharing and a look at the child, by a worker of the holder."""
    told = {name: world.canaries.new(HOLDER, cell.name, f"decision.{name}") for name in ("what", "reason")}
    worker = world.canaries.new(HOLDER, cell.name, "reader", WORKER)
    headers = world.service.headers(holder.client) | READER | {"Kith-Worker": f"{worker}; role=social-worker"}
    url = f"/v1/children/{cell.child}/sharing-decisions"
    assert world.service.http.post(url, json=DECISION | told, headers=headers).status_code == 201
    assert world.service.http.get(f"/v1/children/{cell.child}", headers=headers).status_code == 200


def _broken(world: World, breaker: Asker, cell: Cell) -> None:
    """Broken glass, by a worker of an agency that is nobody here."""
    reason = world.canaries.new(BREAKER, cell.name, "reason", ASIDE)
    worker = world.canaries.new(BREAKER, cell.name, "breaker", WORKER)
    headers = world.service.headers(breaker.client) | READER | {"Kith-Worker": f"{worker}; role=social-worker"}
    url = f"/v1/children/{cell.child}/break-glass"
    assert world.service.http.post(url, json={"reason": reason}, headers=headers).status_code == 201


def _inspected(world: World, team: Asker) -> None:
    """A quality run, a finding that is explained, a sign-off, and the numbers that addresses take."""
    run_over_store(world.service.settings.store_url)
    http, headers = world.service.http, world.service.headers(team.client)
    finding = http.get("/v1/quality/findings?limit=1", headers=headers).json()["items"][0]["id"]
    said = {"note": _aside(world, "note", ASIDE), "worker": _aside(world, "explainer", WORKER)}
    explained = http.put(f"/v1/quality/findings/{finding}/explanation", json=EXPLANATION | said, headers=headers)
    assert explained.status_code == 200, explained.text
    prepared = SIGN_OFF | {"worker": _aside(world, "preparer", WORKER)}
    answer = http.post("/v1/quality/sign-offs", json=prepared, headers=headers)
    assert answer.status_code == 201, answer.text
    notice = http.get("/v1/notices?limit=1", headers=headers).json()["items"][0]["id"]
    world.numbers |= {"finding": finding, "sign_off": answer.json()["id"], "notice": notice, "run": 1, "version": 1}


def _aside(world: World, name: str, what: str) -> str:
    """A canary of the holder's that is about no child in particular."""
    return world.canaries.new(HOLDER, world.cells[-1].name, name, what)


# --- The calls ---------------------------------------------------------------

DECISION = {
    "is_shared": False,
    "shared_with": "POLICE",
    "what": "A visit",
    "reason": "Not needed",
    "consent": "not_sought",
}
EXPLANATION = {"reason": "correct-as-recorded"}
SIGN_OFF = {"families": ["children"], "worker": "w-1", "covers_from": "2024-08-01", "covers_to": "2025-07-31"}
BODIES: dict[str, Any] = {
    "retractions": {"reason": "entered-in-error"},
    "batches": b'{"family": "plans", "source_id": "nothing", "retract": {"reason": "entered-in-error"}}',
    "reconcile": b"",
    "break-glass": {"reason": "Missing since last night"},
    "sharing-decisions": DECISION,
    "{notice}": {"state": "justified", "note": "Looked into"},
    "explanation": EXPLANATION,
    "sign-offs": SIGN_OFF,
    "signature": {"worker": "w-2"},
    "reopening": {"worker": "w-2", "reason": "data-corrected"},
}
"""What is sent, by how an address ends; a new address that takes a body joins them."""
LOOKED_FOR = (("chi",), ("scn",), ("given_name", "family_name", "date_of_birth"))
ASKED: dict[str, tuple[dict[str, Any], ...]] = {
    "chronology": ({}, {"view": "single"}, {"view": "single", "agency": AGENCY}),
    "reconcile": ({"family": "children"},),
    "received": (
        {"worker": "w-reads", "since": "2026-01-01T00:00:00Z"},
        {"source": SOURCE, "since": "2026-01-01T00:00:00Z"},
    ),
    "batches": ({"validate": "only"},),
    "findings": ({"state": "any"}, {"source": SOURCE}, {"agency": AGENCY}),
    "sign-offs": ({}, {"agency": AGENCY}),
    "scorecards": ({}, {"agency": AGENCY}),
}
"""The parameters that addresses are asked with, by how they end."""
UNKNOWN = {"child": "0" * 26, "source": "no-such-source", "source_id": "no-such-id", "batch": "0" * 32}
UNKNOWN |= dict.fromkeys(("finding", "notice", "sign_off"), str(2**40))
PAGED = "council"
"""The kind of agency that reads lists in pages of two; the others have them whole."""


@dataclass(frozen=True)
class Call:
    """A method and an address of the route table, with a body and parameters."""

    method: str
    template: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.template} {dict(self.parameters)}"

    @property
    def places(self) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(self.template) if name}

    @property
    def last(self) -> str:
        return self.template.rpartition("/")[2]

    @property
    def family(self) -> str:
        """The family that an address is of; children where it is of none."""
        parts = self.template.split("/")
        return next((BY_SEGMENT[part].name for part in parts[4:] if part in BY_SEGMENT), "children")


def calls(service: Service) -> list[Call]:
    """Every call of the route table that requires a scope, but the search, which is asked about each child."""
    routes = [one for one in iter_route_contexts(create_app(service.settings).routes) if scope_of(one)]
    found = [(method, address(one)) for one in routes for method in one.methods or ()]
    return [call for method, path in found for call in _asked(method, path)]


def _asked(method: str, template: str) -> Iterator[Call]:
    plain = Call(method, template)
    if plain.last == "search":
        return
    body = None if method == "GET" else BODIES[plain.last] if plain.last in BODIES else _record(plain)
    only = ({"validate": "only"},) if method == "PUT" and plain.last == "{source_id}" else ({},)
    for parameters in ASKED.get(plain.last, only) if method == "GET" or plain.last not in ("sign-offs",) else ({},):
        yield replace(plain, parameters=parameters, body=body)


def _record(call: Call) -> Any:
    assert call.last == "{source_id}", f"what does {call.method} {call.template} take? Say it in BODIES"
    return example(call.family)


LISTS = {"chronology", "plans", "referrals", "looked-after-events", "child-protection", "versions", "{child}"}
"""Lists short enough to be read two by two."""


def answers(world: World, asker: Asker, call: Call, places: Mapping[str, Any]) -> Iterator[httpx.Response]:
    """What is answered, on every page to the last."""
    sent = {"content": call.body} if isinstance(call.body, bytes) else {"json": call.body}
    media = {"Content-Type": "application/x-ndjson"} if isinstance(call.body, bytes) else {}
    asking = (GLASS if call.last == "break-glass" else READER) if call.template.startswith("/v1/children/") else {}
    headers = world.service.headers(asker.client) | media | asking
    parameters = dict(call.parameters)
    if asker.kind == PAGED and call.method == "GET" and call.last in LISTS:
        parameters["limit"] = 2
    while True:
        path = call.template.format(**places)
        answer = world.service.http.request(call.method, path, params=parameters, headers=headers, **sent)
        yield answer
        further = _next(answer)
        if further is None:
            return
        parameters["after"] = further


def _next(answer: httpx.Response) -> Any:
    if answer.status_code != 200 or answer.headers["content-type"] != "application/json":
        return None
    told = answer.json()
    return told.get("next") if isinstance(told, dict) else None


def search(world: World, asker: Asker, cell: Cell) -> Iterator[httpx.Response]:
    for names in LOOKED_FOR:
        call = Call("POST", "/v1/children/search", body={name: cell.about[name] for name in names})
        yield from answers(world, asker, call, {})


def text_of(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers.raw!r}\n{answer.text}"


def same(known: httpx.Response, unknown: httpx.Response) -> bool:
    """Whether two answers are one, byte for byte, but for the request's id and the clock."""
    return _told(known) == _told(unknown)


def _told(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], str]:
    request_id = answer.headers["x-request-id"]
    headers = [pair for pair in answer.headers.items() if pair[0] not in ("x-request-id", "date")]
    return answer.status_code, sorted(headers), answer.text.replace(request_id, "")


def places_of(world: World, call: Call, by: str, source: str, cell: Cell) -> dict[str, Any]:
    """What the address names: an agency's own record about the child, and the numbers that there are."""
    key = (by, call.family + ("-0" if (by, call.family + "-0") in cell.ids else ""))
    known = {"child": cell.child, "source": source, "source_id": cell.ids.get(key, "")}
    return known | world.numbers | {"day": datetime.now(UTC).date().isoformat()}
