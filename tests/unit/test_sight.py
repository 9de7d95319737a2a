"""What an agency may see of a child, from what is held: plans, referrals, links and their days."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from services.access.sight import Sight, is_hidden, sight_of
from services.errors import NotFound
from services.store import relationships
from services.store.engine import Store
from services.store.writing import Owner
from tests.posted import CHARITY, COUNCIL, HEALTH, POLICE, asker, day, post, post_child, retract

THAT_DAY = "2026-03-29"
"""The day on which the clocks go forward, an hour after midnight in Scotland."""


def sight(store: Store, owner: Owner, child: str, at: datetime | None = None, worker: str = "w-1") -> Sight | None:
    with store.reading() as connection:
        try:
            return sight_of(connection, asker(owner, worker), child, at or datetime.now(UTC))
        except NotFound:
            return None


def seen(store: Store, owner: Owner, child: str, at: datetime | None = None) -> set[str]:
    found = sight(store, owner, child, at)
    return set(found.agencies) if found else set()


def partner(owner: Owner, **more: Any) -> dict[str, Any]:
    return {"partners": [{"agency": owner.agency, **more}]}


def test_whoever_holds_a_record_sees_its_own_and_strangers_nothing(store: Store) -> None:
    child = post_child(store, COUNCIL, HEALTH)
    assert sight(store, COUNCIL, child) == Sight(child, frozenset({COUNCIL.agency}), "normal", "own_records")
    assert seen(store, HEALTH, child) == {HEALTH.agency}
    assert sight(store, POLICE, child) is None
    assert sight(store, COUNCIL, "no-such-child") is None


NAMED: list[tuple[str, dict[str, Any], bool]] = [
    ("plans", partner(HEALTH), True),
    ("plans", partner(HEALTH, from_on=day(-9), to_on=day(9)), True),
    ("plans", partner(HEALTH, from_on=day(2)), False),
    ("plans", partner(HEALTH, to_on=day(-1)), False),
    ("plans", {"lead_professional": {"agency": HEALTH.agency}}, True),
    ("plans", {"lead_professional": {"agency": HEALTH.agency, "from_on": day(2)}}, False),
    ("plans", {"named_person": {"agency": HEALTH.agency}}, True),
    ("plans", partner(HEALTH) | {"started_on": day(2), "agreed_on": None, "recorded_at": f"{day()}T00:00:00Z"}, False),
    ("plans", partner(HEALTH) | {"ended_on": day(-1), "end_reason": "outcomes_achieved"}, False),
    ("plans", {"actions": [{"action": "To visit", "owner_agency": HEALTH.agency}]}, False),
    ("referrals", {"referred_to_agency": HEALTH.agency}, True),
    ("referrals", {"asked_by_agency": HEALTH.agency}, True),
    ("referrals", {"asked_by_agency": HEALTH.agency, "decision": "assessment_s22"}, True),
    ("referrals", {"asked_by_agency": HEALTH.agency, "decision": "no_further_action"}, False),
    ("referrals", {"asked_by_agency": HEALTH.agency, "closed_on": day(-1)}, False),
]


def test_an_agency_named_in_a_plan_in_force_or_an_open_referral_is_let_in(store: Store) -> None:
    for number, (family, changes, names) in enumerate(NAMED):
        own_id = f"child-{number}"
        child = post(store, COUNCIL, "children", own_id, chi=None, scn=None).child
        assert child
        post(store, COUNCIL, family, f"names-{number}", child=own_id, **changes)
        assert seen(store, HEALTH, child) == ({COUNCIL.agency, HEALTH.agency} if names else set()), (family, changes)
        assert seen(store, COUNCIL, child) == {COUNCIL.agency}


def test_being_lead_in_a_plan_of_its_own_opens_its_own_alone(store: Store) -> None:
    child = post_child(store, COUNCIL, HEALTH)
    lead = {"lead_professional": {"agency": HEALTH.agency}} | partner(COUNCIL)
    post(store, HEALTH, "plans", "own", **lead)
    assert seen(store, HEALTH, child) == {HEALTH.agency}


def test_what_was_retracted_or_replaced_lets_nobody_in(store: Store) -> None:
    child = post_child(store, COUNCIL)
    post(store, COUNCIL, "plans", "a-plan", **partner(HEALTH))
    assert seen(store, HEALTH, child) == {COUNCIL.agency, HEALTH.agency}
    post(store, COUNCIL, "plans", "a-plan", **partner(POLICE), recorded_at="2025-06-01T09:00:00Z")
    assert (seen(store, HEALTH, child), seen(store, POLICE, child)) == (set(), {COUNCIL.agency, POLICE.agency})
    retract(store, COUNCIL, "plans", "a-plan")
    assert seen(store, POLICE, child) == set()


def test_who_has_held_the_child_for_longest_begins_the_circle(store: Store) -> None:
    child = post_child(store, CHARITY, COUNCIL, HEALTH)
    post(store, COUNCIL, "plans", "a-plan", partners=[{"agency": one.agency} for one in (HEALTH, POLICE)])
    assert seen(store, POLICE, child) == {COUNCIL.agency, POLICE.agency}
    retract(store, CHARITY, "children", "child-0001")
    assert seen(store, POLICE, child) == {COUNCIL.agency, HEALTH.agency, POLICE.agency}


def test_a_day_begins_at_midnight_in_scotland(store: Store) -> None:
    child = post_child(store, COUNCIL)
    post(store, COUNCIL, "plans", "a-plan", **partner(HEALTH, from_on="2025-07-01", to_on=THAT_DAY))
    instants = {
        "2025-06-30T22:59:59+00:00": set(),
        "2025-06-30T23:00:00+00:00": {COUNCIL.agency, HEALTH.agency},
        "2026-03-28T23:59:59+00:00": {COUNCIL.agency, HEALTH.agency},
        "2026-03-29T00:00:00+00:00": set(),
    }
    assert {at: seen(store, HEALTH, child, datetime.fromisoformat(at)) for at in instants} == instants


def test_the_strictest_restriction_of_any_agency_governs_and_a_shielded_child_is_hidden(store: Store) -> None:
    child = post_child(store, COUNCIL, HEALTH)
    post(store, HEALTH, "referrals", "a-referral", restricted="restricted")
    found = sight(store, COUNCIL, child)
    assert found and found.restriction == "restricted"
    with store.reading() as connection:
        assert not is_hidden(connection, child, datetime.now(UTC))
    post(store, HEALTH, "chronologies", "an-entry", restricted="shielded")
    found = sight(store, COUNCIL, child)
    assert found and found.restriction == "shielded"
    with store.reading() as connection:
        assert is_hidden(connection, child, datetime.now(UTC))
    retract(store, HEALTH, "chronologies", "an-entry")
    found = sight(store, COUNCIL, child)
    assert found and found.restriction == "restricted"


def test_a_childs_records_are_looked_up_by_child_and_never_among_all_that_a_source_holds(store: Store) -> None:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL counts what it holds")
    bound = {"child": "", "agency": "", "worker": "", "today": day(), "at": day()}
    many = [
        query.format(given="(SELECT '' AS child) AS given") for query in (relationships._of_many(), relationships._DAYS)
    ]
    with store.reading() as connection:
        for query in (str(relationships._of_one()), *many):
            steps = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}"), bound)]
            assert [one for one in steps if "(source_agency=? AND source=?)" in one] == []
            assert any("plans_by_child" in one for one in steps)
