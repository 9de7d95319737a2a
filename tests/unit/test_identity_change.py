"""A child whose identity changed: seen by two named officers, found by nobody, never released or linked again."""

from datetime import UTC, datetime

import duckdb
import pytest

from services.access.officers import add_officer
from services.access.sight import Sight, is_hidden, sight_of
from services.errors import NotFound
from services.extracts import spine
from services.extracts.source import load, reader_of
from services.settings import Settings
from services.store.engine import Store, settled_now
from services.store.writing import Owner
from tests.posted import COUNCIL, HEALTH, asker, post, post_child

CANARY = "Canary-Afterwards"
AFTER, LATER = {"recorded_at": "2025-06-01T09:00:00Z"}, {"recorded_at": "2025-07-01T09:00:00Z"}


@pytest.fixture
def sealed(store: Store) -> str:
    """A child known to two agencies, whose identity the council then says has changed: the one it is from then on."""
    before = post_child(store, COUNCIL, HEALTH)
    post(store, HEALTH, "plans", "a-plan", partners=[{"agency": COUNCIL.agency}])
    post(store, COUNCIL, "plans", "a-plan", partners=[{"agency": HEALTH.agency}])
    after = post(store, COUNCIL, "children", "child-0001", given_name=CANARY, identity_change="adoption", **AFTER).child
    assert after and after != before
    return after


def sight(store: Store, owner: Owner, child: str, worker: str) -> Sight | None:
    with store.reading() as connection:
        try:
            return sight_of(connection, asker(owner, worker), child, datetime.now(UTC))
        except NotFound:
            return None


def test_its_own_agencys_officers_see_it_and_nobody_else_does(store: Store, sealed: str) -> None:
    for agency, worker in ((COUNCIL.agency, "o-1"), (COUNCIL.agency, "o-2"), ("POLICE", "o-3")):
        add_officer(store, agency, worker)
    seen = Sight(sealed, frozenset({COUNCIL.agency}), "normal", "named_officer")
    assert [sight(store, COUNCIL, sealed, worker) for worker in ("o-1", "o-2")] == [seen, seen]
    assert sight(store, COUNCIL, sealed, "w-1") is None
    assert sight(store, Owner("police-concern-hub", "POLICE"), sealed, "o-3") is None
    post(store, COUNCIL, "children", "child-0001", given_name=CANARY, **LATER)
    assert sight(store, COUNCIL, sealed, "w-1") is None, "a correction unsealed it"


def test_a_plan_of_its_own_agency_lets_no_other_in(store: Store, sealed: str) -> None:
    add_officer(store, HEALTH.agency, "o-4")
    assert sight(store, HEALTH, sealed, "w-1") is None
    found = sight(store, HEALTH, sealed, "o-4")
    assert found and found.grounds == "named_officer"


def test_no_search_finds_it_and_no_later_record_is_linked_to_it(store: Store, sealed: str) -> None:
    with store.reading() as connection:
        assert is_hidden(connection, sealed, datetime.now(UTC))
    police = Owner("police-concern-hub", "POLICE")
    assert post(store, police, "children", "child-0001", given_name=CANARY).child != sealed


@pytest.mark.parametrize("corrected", [False, True], ids=["as it is", "once corrected"])
def test_nothing_of_it_is_released(store: Store, settings: Settings, sealed: str, corrected: bool) -> None:
    post(store, COUNCIL, "referrals", "after", summary=CANARY)
    if corrected:
        post(store, COUNCIL, "children", "child-0001", given_name=CANARY, **LATER)
    with duckdb.connect() as connection, reader_of(settings.store_url) as reader:
        load(reader, connection, settled_now(store))
        spine.make(connection, b"of-no-use-to-anybody" * 2)
        judged = connection.execute("SELECT source_agency, family, is_changed FROM spine ORDER BY ALL").fetchall()
    released = {(agency, family) for agency, family, is_changed in judged if not is_changed}
    withheld = {(agency, family) for agency, family, is_changed in judged if is_changed}
    assert withheld == {(COUNCIL.agency, family) for family in ("children", "plans", "referrals")}
    assert released == {(HEALTH.agency, "children"), (HEALTH.agency, "plans")}
