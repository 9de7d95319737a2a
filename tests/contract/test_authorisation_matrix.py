"""Every address x every kind of agency x every relationship x every restriction: nothing is told that may not be.

The addresses come from the route table, the canaries from the families'
contracts: a new address, field or kind of agency is in the matrix by itself.
"""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

import services.children.search
from schemas.registry import FAMILIES
from services.access import checkpoints
from services.access.checkpoint_keys import make_key, private_key
from services.access.sight import Sight
from services.api import records
from services.children import looking, reading
from services.extracts.build import build
from services.inspection.report_folder import write_report
from services.store import seals
from services.store.about_child import Linked
from services.store.engine import Store
from services.store.writing import Owner
from tests.canaries import ID, PLACE, Canary, listened, texts_in
from tests.conftest import AGENCY, ELSEWHERE, SOURCE, Service
from tests.contract.matrix import (
    AGENCIES,
    CHILD,
    EARLY,
    ENDED,
    OWN,
    STRANGER,
    TEAM,
    UNKNOWN,
    WORKER,
    Asker,
    Call,
    Cell,
    World,
    answers,
    calls,
    made,
    may_see,
    places_of,
    same,
    search,
    text_of,
)

FEW = ("council", "third_sector", "government")
"""The kinds that ask where the matrix is a thin one."""


@dataclass
class Told:
    """What the matrix was answered: leaks, answers that tell a known thing from an unknown one, and what was seen.

    `unknown`: what an asker is answered about what there is not.
    """

    leaks: set[tuple[str, str, str, str]] = field(default_factory=set)
    unlike: set[tuple[str, str, str]] = field(default_factory=set)
    seen: dict[tuple[str, str], set[Canary]] = field(default_factory=dict)
    unknown: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    asked: int = 0


@pytest.fixture(scope="module")
def heard() -> Iterator[list[str]]:
    with listened() as lines:
        yield lines


@pytest.fixture(scope="module")
def world(service: Service, database: str, heard: list[str]) -> World:
    return made(service, AGENCIES if database == "sqlite" else FEW)


@pytest.fixture(scope="module")
def table(service: Service) -> list[Call]:
    return calls(service)


@pytest.fixture(scope="module")
def told(world: World, table: list[Call]) -> Told:
    return asked(world, table)


def asked(world: World, table: list[Call], kinds: Collection[str] = AGENCIES) -> Told:
    """The matrix: every call by every asker about every child, and each that names no child once.

    The addresses of a source's own records, which are alike, are asked of one family
    in turn: of every family about a child of every relationship and restriction.
    """
    told = Told()
    of_a_child = [call for call in table if call.places & {"child", "source_id"}]
    of_none = [call for call in table if call not in of_a_child]
    for turn, asker in enumerate(one for one in world.askers if one.kind in kinds):
        for number, cell in enumerate(world.cells):
            family = FAMILIES[(turn + number + number // 6) % len(FAMILIES)].name
            for call in of_a_child:
                if "child" in call.places or call.family == family:
                    _ask(world, told, asker, call, cell)
            for answer in search(world, asker, cell):
                _note(world, told, asker, "/v1/children/search", cell, text_of(answer))
        for call in of_none:
            _ask(world, told, asker, call, world.cells[0])
    return told


def _ask(world: World, told: Told, asker: Asker, call: Call, cell: Cell) -> None:
    """One call about what the holder has, and where it is about a source's own records, about the asker's."""
    places = places_of(world, call, "holder", SOURCE, cell)
    found = list(answers(world, asker, call, places))
    for answer in found:
        _note(world, told, asker, call.template, cell, text_of(answer))
    if _must_be_like_unknown(asker, call, cell):
        key = (asker.kind, call.name)
        if key not in told.unknown:
            told.unknown[key] = next(answers(world, asker, call, places | UNKNOWN))
        if not same(found[0], told.unknown[key]):
            told.unlike.add((asker.kind, cell.name, call.name))
    if call.method == "GET" and "source" in call.places:
        own = places_of(world, call, asker.kind, asker.source, cell)
        for answer in answers(world, asker, call, own | ({} if own["source_id"] else {"source_id": "none"})):
            _note(world, told, asker, call.template, cell, text_of(answer))


def _must_be_like_unknown(asker: Asker, call: Call, cell: Cell) -> bool:
    """Whether the asker may not learn that what the address names exists; to break glass is for any known child."""
    if "child" in call.places:
        return cell.relationship in (ENDED, STRANGER) and call.last != "break-glass"
    is_open = asker.kind in ("government", "regulator") and call.method == "GET"
    return bool(call.places & UNKNOWN.keys()) and not (is_open and call.places & {"finding", "sign_off"})


def _note(world: World, told: Told, asker: Asker, template: str, cell: Cell, text: str) -> None:
    told.asked += 1
    found = world.canaries.found(text)
    for canary in found:
        if not may_see(asker, canary, template):
            told.leaks.add((asker.kind, template, canary.about, f"{canary.by}'s {canary.field}"))
    if template.startswith("/v1/children/") and template != "/v1/children/search":
        told.seen.setdefault((asker.kind, cell.name), set()).update(found)


def test_nothing_is_told_that_may_not_be(told: Told) -> None:
    assert told.leaks == set()
    assert told.asked > 1000


def test_what_may_not_be_known_is_answered_as_what_is_not_there(told: Told) -> None:
    assert told.unlike == set()


def test_what_may_be_seen_is_seen(told: Told, world: World) -> None:
    """Else there would be no leak in a service that tells nobody anything."""
    for asker in world.askers:
        for cell in world.cells:
            seen = told.seen.get((asker.kind, cell.name), set())
            by = {OWN: asker.kind, TEAM: "holder"}.get(cell.relationship)
            whose = {one.by for one in seen} - {"anybody"}
            assert whose == ({by} if by else set()), (asker.kind, cell.name)
            places = {one for one in seen if one.what == PLACE}
            assert bool(places) == (by is not None and cell.restriction == "normal"), (asker.kind, cell.name)


def test_every_text_of_every_contract_has_a_canary(world: World) -> None:
    wanted = {
        ".".join((family.name, *table.path, *column.path))
        for family in FAMILIES
        for table in family.posted_tables
        for column in table.columns
        if column.kind == "text" and column.codelist is None and "absent" not in table.path
    }
    assert wanted - {one.field for one in world.canaries.known.values() if one.by == "holder"} == set()


def test_nothing_of_a_child_is_on_the_log_or_in_what_is_open_to_anybody(
    told: Told, world: World, heard: list[str]
) -> None:
    assert world.canaries.found("\n".join(heard)) == set()
    for path in ("/metrics", "/healthz", "/readyz", "/openapi.json", "/docs", "/v1/rules", "/v1/schemas"):
        assert world.canaries.found(world.service.http.get(path).text) == set()


# What leaves otherwise


def written(world: World, folder: Path) -> dict[str, set[Canary]]:
    """The canaries in every file of a folder that has any."""
    found = {str(path.relative_to(folder)): world.canaries.found(text) for path, text in texts_in(folder)}
    assert found, "nothing was written"
    return {name: canaries for name, canaries in found.items() if canaries}


def test_a_release_holds_no_canary_but_the_home_areas_of_children_without_restriction(
    told: Told, world: World, database: str, tmp_path: Path
) -> None:
    if database != "sqlite":
        pytest.skip("A release is the same from both databases; see tests/e2e/test_release.py")
    settings = world.service.settings.model_copy(update={"pseudonym_key": "-of-no-use-to-anybody" * 2})
    build(settings, out=tmp_path)
    left = set().union(*written(world, tmp_path).values())
    assert {(one.field.rpartition(".")[2], one.about.rpartition("/")[2]) for one in left} == {
        ("home_data_zone", "normal")
    }


def test_a_quality_report_holds_no_canary_but_each_agencys_own_ids_of_records(
    told: Told, world: World, tmp_path: Path
) -> None:
    store = Store(world.service.settings.store_url)
    write_report(store, tmp_path)
    store.close()
    found = written(world, tmp_path)
    agencies = {"holder": AGENCY, "outsider": ELSEWHERE[1]} | {one.kind: one.agency for one in world.askers}
    assert {one.what for canaries in found.values() for one in canaries} <= {ID, EARLY}
    assert found and all(name.startswith(agencies[one.by]) for name, canaries in found.items() for one in canaries)


def test_an_export_of_the_audit_holds_ids_alone(told: Told, world: World, tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    store = Store(world.service.settings.store_url)
    seals.seal(store)
    checkpoints.export(store, tmp_path / "exports", private_key(tmp_path / "key.pem"), is_full=True)
    store.close()
    left = set().union(*written(world, tmp_path / "exports").values())
    assert {one.what for one in left} == {ID, EARLY, CHILD, WORKER}


# That the matrix would find a leak


def widened(connection: object, asker: object, child: str, at: object) -> Sight:
    return Sight(child, frozenset({AGENCY, ELSEWHERE[1], *AGENCIES.values()}), "normal", "team")


def everybodys(self: reading.Reading) -> list[Linked]:
    return list(self.links)


def without_redaction(family: object, record: dict[str, Any], sight: object) -> dict[str, Any]:
    return dict(record)


MUTANTS: dict[str, tuple[object, str, object, str]] = {
    "places are not left out": (reading, "redacted", without_redaction, "/v1/children/{child}/plan"),
    "everybody sees everything": (looking, "sight_of", widened, "/v1/children/{child}/referrals"),
    "search finds the shielded": (services.children.search, "is_hidden", lambda *of: False, "/v1/children/{child}"),
    "sources are everybody's": (
        records,
        "readable",
        lambda store, caller, name: Owner(SOURCE, AGENCY),
        "/v1/sources/{source}/plans/{source_id}",
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_matrix_finds_a_leak(
    told: Told, world: World, table: list[Call], monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    module, name, instead, address = MUTANTS[mutant]
    few = [call for call in table if call.template == address and call.method == "GET"]
    assert asked(world, few, ["council"]).leaks == set()
    monkeypatch.setattr(module, name, instead)
    assert asked(world, few, ["council"]).leaks != set()


def test_a_line_on_the_log_would_be_found(told: Told, world: World, heard: list[str]) -> None:
    value = next(iter(world.canaries.known))
    logging.getLogger("kith").warning("a record of %s", value)
    assert world.canaries.found(heard.pop()) != set()


# Two locks, each of which holds alone

LISTS = ("/v1/children/{child}/referrals", "/v1/children/{child}/child-protection")


def test_the_databases_lock_holds_where_the_service_forgets_whom_it_reads_for(
    told: Told, world: World, table: list[Call], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [call for call in table if call.template in LISTS]
    monkeypatch.setattr(reading.Reading, "_in_sight", property(everybodys))
    leaks = asked(world, few, ["council"]).leaks
    assert (leaks == set()) == (database == "postgresql"), (
        "SQLite has no such lock, and shows that something was forgotten"
    )


def test_the_services_scoping_holds_without_the_databases_lock(
    told: Told, world: World, table: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [call for call in table if call.template in LISTS]
    monkeypatch.setattr(looking, "limit_to", lambda connection, *agencies: None)
    assert asked(world, few, ["council"]).leaks == set()
