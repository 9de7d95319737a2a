"""The chronology of a child over HTTP: what happened once stands once, in pages that stay as they were."""

import base64
import json
from typing import Any

import pytest

from tests.conftest import AGENCY, ELSEWHERE, Service
from tests.contract.asking import Known, a_child, entry, ids


@pytest.fixture
def known(service: Service) -> Known:
    return a_child(service)


def by_id(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["source_id"]: item for item in body["items"]}


def pages(known: Known, limit: int, between: Any = None) -> list[str]:
    """The ids on every page; `between` is done after each."""
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        body = known.seen("/chronology", limit=limit, view="single", **after)
        found += ids(body)
        if body["next"] is None:
            return found
        after = {"after": body["next"]}
        if between:
            between(len(found))


def test_an_entry_says_what_was_done_or_why_nothing_was(known: Known) -> None:
    done = entry(known, "2025-02-24", precision="month", people=["child", "parent"], disputed=True)
    nothing = entry(known, "2025-02-25", action_taken=None, no_action_reason="Seen by the nurse already.")
    items = by_id(known.seen("/chronology"))
    assert items[done]["action_taken"].startswith("Breakfast") and items[done]["no_action_reason"] is None
    assert (items[done]["precision"], items[done]["third_party"], items[done]["disputed"]) == ("month", True, True)
    assert items[nothing]["no_action_reason"] == "Seen by the nurse already." and items[nothing]["action_taken"] is None
    assert items[nothing]["happened_on"] == "2025-02-25" and items[nothing]["agency"] == AGENCY
    assert items[nothing]["recorded_at"] == "2025-12-20T09:00:00+00:00" and not items[nothing]["third_party"]


def test_items_stand_in_the_order_in_which_things_happened(known: Known) -> None:
    late = entry(known, "2025-02-24", recorded_at="2025-03-04T15:00:00Z")
    early = entry(known, "2025-02-24", recorded_at="2025-03-03T15:00:00Z")
    first = entry(known, "2024-02-24", recorded_at="2025-03-05T15:00:00Z")
    assert ids(known.seen("/chronology")) == [first, early, late]


def test_an_entry_that_was_corrected_stands_with_the_one_that_corrects_it(known: Known) -> None:
    wrong = entry(known, "2025-02-24")
    right = entry(known, "2025-02-23", corrects=wrong, significance=None)
    items = by_id(known.seen("/chronology"))
    assert items[wrong]["corrected_by"] == [right] and items[right]["corrects"] == wrong


def test_the_multi_agency_chronology_has_what_matters_and_the_single_one_everything(known: Known) -> None:
    told = {one: entry(known, "2025-02-24", significance=one) for one in ("positive", "negative", "mixed", "neutral")}
    at_meeting = entry(known, "2025-02-24", significance="neutral", contributed_at_meeting_on="2025-02-27")
    drawn = entry(known, "2025-02-24", significance=None, draws_on=[{"source": "a-school", "source_id": "e-1"}])
    unsaid = entry(known, "2025-02-24", significance=None)
    multi, single = known.seen("/chronology"), known.seen("/chronology", view="single")
    assert set(ids(single)) - set(ids(multi)) == {told["neutral"], unsaid}
    assert {at_meeting, drawn, told["positive"]} <= set(ids(multi))
    assert (multi["view"], single["view"]) == ("multi", "single")


def test_a_care_change_that_was_also_typed_stands_once_with_both_sources(known: Known) -> None:
    episode = known.told("care_episodes")
    on = known.seen("/looked-after-events")["items"][0]["happened_on"]
    typed = entry(known, on, event_type="care_start", significance="neutral")
    items = known.seen("/chronology", view="single")["items"]
    (start,) = [item for item in items if "care_start" in item["event_types"]]
    assert (start["kind"], start["source_id"], start["reason"]) == ("event", episode, "R-PSU")
    (also,) = start["also"]
    assert (also["kind"], also["source_id"], also["record"]["event_type"]) == ("entry", typed, "care_start")


@pytest.mark.parametrize("so", [{"disputed": True}, {"precision": "month"}, {"corrects": "another"}])
def test_an_entry_that_says_something_of_its_own_stands_by_itself(known: Known, so: dict[str, Any]) -> None:
    known.told("child_protection")
    typed = entry(known, "2025-05-13", event_type="deregistration", **so)
    items = [one for one in known.seen("/chronology")["items"] if "deregistration" in one["event_types"]]
    assert [(one["kind"], one["also"]) for one in items] in (
        [("entry", []), ("event", [])],
        [("event", []), ("entry", [])],
    )
    assert typed in [one["source_id"] for one in items]


def test_requests_plans_and_registrations_are_in_it_without_being_typed(known: Known) -> None:
    referral, plan = known.told("referrals"), known.told("plans", ended_on="2025-06-01")
    process = known.told("child_protection")
    told = [(one["event"], one["source_id"], one["happened_on"]) for one in known.seen("/chronology")["items"]]
    assert set(told) >= {
        ("referral_received", referral, "2025-03-03"),
        ("plan_started", plan, "2025-03-20"),
        ("plan_agreed", plan, "2025-04-02"),
        ("plan_ended", plan, "2025-06-01"),
        ("deregistration", process, "2025-05-13"),
    }
    assert len(told) == len(set(told))


def test_an_agency_out_of_sight_has_no_chronology_of_its_own(known: Known) -> None:
    known.told(elsewhere=True)
    entry(known, "2025-02-24", elsewhere=True)
    entry(known, "2025-02-25")
    theirs = known.seen("/chronology", view="single", agency=ELSEWHERE[1])
    assert (theirs["items"], theirs["freshness"], theirs["withheld"][0]["count"]) == ([], [], 1)
    assert len(known.seen("/chronology", view="single", agency=AGENCY)["items"]) == 1


def test_pages_stay_as_they_were_while_records_arrive_and_change(known: Known) -> None:
    posted = [entry(known, f"2025-01-{day:02}") for day in range(1, 25)]
    known.told("referrals")
    as_it_was = pages(known, 1000)

    def meanwhile(served: int) -> None:
        """Something new before and after; one already served comes to the end, one to come goes to the start."""
        later = f"2026-01-01T00:{served:02}:00Z"
        entry(known, "2024-12-01")
        entry(known, "2025-12-01")
        known.told("chronologies", posted[served - 1], happened_on="2025-11-01", recorded_at=later)
        known.told("chronologies", posted[min(served + 2, 23)], happened_on="2024-11-01", recorded_at=later)

    assert pages(known, 5, meanwhile) == as_it_was
    assert pages(known, 1000) != as_it_was


def test_what_was_retracted_meanwhile_is_gone_from_the_pages_to_come(known: Known) -> None:
    posted = [entry(known, f"2025-01-{day:02}") for day in range(1, 7)]

    def retract(served: int) -> None:
        url = known.service.url("chronologies", posted[3])
        json_body = {"reason": "wrong-child"}
        known.service.http.post(f"{url}/retractions", json=json_body, headers=known.service.headers())

    assert pages(known, 2, retract) == [one for one in posted if one != posted[3]]


def cursor(*held: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")


PLACE = ("2025-01-01", "2025-01-01T00:00:00+00:00", 1, 0)


LONG_AGO = "2025-01-01T00:00:00+00:00"
NO_CURSORS = (
    "0",
    "é",
    "=",
    "W1tbW1tb",
    cursor(),
    cursor(1, *PLACE),
    cursor(LONG_AGO, *PLACE),
    cursor(LONG_AGO, *PLACE[:2], True, 0),
    cursor("0001-01-01T00:00:00+14:00", *PLACE),
)


@pytest.mark.parametrize("after", NO_CURSORS)
def test_what_is_no_cursor_or_one_of_long_ago_is_refused(known: Known, after: str) -> None:
    answer = known.ask("/chronology", after=after)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-request")


@pytest.mark.parametrize(
    "asked",
    [
        {"view": "all"},
        {"agency": AGENCY},
        {"view": "single", "agency": "nobody"},
        {"limit": 0},
        {"limit": 1001},
        {"of": 1},
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(known: Known, asked: dict[str, Any]) -> None:
    assert known.ask("/chronology", **asked).status_code == 400
