"""What the store reads of a child: of the agencies in sight everything, of the others only how much there is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from services.store import about_child
from services.store.about_child import Scope, links_to
from services.store.engine import Store
from tests.conftest import AGENCY, ELSEWHERE, Service
from tests.contract.asking import Known, a_child, entry

BOTH = frozenset((AGENCY, ELSEWHERE[1]))
FAMILIES = ("children", "chronologies", "plans")


def scoped(connection: Connection, known: Known, agencies: frozenset[str] = BOTH) -> Scope:
    return Scope([one for one in links_to(connection, known.child) if one.agency in agencies])


@pytest.fixture
def shared(service: Service) -> Iterator[Store]:
    store = Store(service.settings.store_url)
    yield store
    store.close()


@pytest.fixture
def known(service: Service) -> Known:
    """A child of whom each of two agencies tells one thing in a chronology; the second looks after the child."""
    found = a_child(service)
    found.told(elsewhere=True)
    entry(found, "2025-02-24")
    entry(found, "2025-02-25", elsewhere=True, draws_on=[{"source": "a", "source_id": "b"}])
    found.told("care_episodes", elsewhere=True)
    return found


def test_what_several_agencies_say_is_read_together(shared: Store, known: Known) -> None:
    with shared.snapshot() as connection:
        entries = about_child.entries(connection, scoped(connection, known))
        bodies = about_child.bodies(connection, scoped(connection, known), entries)
        events = about_child.looked_after_events(connection, scoped(connection, known))
    assert {(one.agency, bool(one.facts["is_contributed"])) for one in entries} == {
        (AGENCY, False),
        (ELSEWHERE[1], True),
    }
    assert {bodies[one.seq]["happened_on"] for one in entries} == {"2025-02-24", "2025-02-25"}
    assert {one.agency for one in events} == {ELSEWHERE[1]}
    assert {"S", "B"} <= {one.facts["kind"] for one in events}


@pytest.mark.parametrize("agencies", [frozenset[str](), frozenset((AGENCY,))])
def test_nothing_is_read_of_an_agency_out_of_sight(shared: Store, known: Known, agencies: frozenset[str]) -> None:
    with shared.snapshot() as connection:
        scope = scoped(connection, known, agencies)
        every = about_child.entries(connection, scoped(connection, known))
        read = [
            *about_child.entries(connection, scope),
            *about_child.looked_after_events(connection, scope),
            *(one for name in FAMILIES for one in about_child.records(connection, scope, name, None)),
        ]
        bodies = about_child.bodies(connection, scope, every)
    assert {one.agency for one in read} == set(agencies)
    assert set(bodies) == {one.seq for one in every if one.agency in agencies}


def test_of_an_agency_out_of_sight_it_is_told_how_much_and_not_when(shared: Store, known: Known) -> None:
    with shared.snapshot() as connection:
        held = about_child.holdings(connection, links_to(connection, known.child), frozenset((AGENCY,)), FAMILIES)
    told = {(one.agency, one.family): (one.count, one.in_sight, one.received_at is not None) for one in held}
    assert told == {
        (AGENCY, "children"): (1, True, True),
        (AGENCY, "chronologies"): (1, True, True),
        (AGENCY, "plans"): (0, True, False),
        (ELSEWHERE[1], "children"): (1, False, False),
        (ELSEWHERE[1], "chronologies"): (1, False, False),
        (ELSEWHERE[1], "plans"): (0, False, False),
    }


def test_a_record_of_another_child_is_never_among_them(shared: Store, known: Known, service: Service) -> None:
    other = a_child(service)
    entry(other, "2025-02-24")
    with shared.snapshot() as connection:
        found = about_child.entries(connection, scoped(connection, other))
    assert len(found) == 1 and found[0].source_id.startswith(other.name)
