"""What may be seen of a child over HTTP: merged, scoped by who asks, with what stays behind counted."""

from typing import Any

import pytest
from sqlalchemy import select

from services.store import audit
from services.store.engine import Store
from tests.conftest import AGENCY, ELSEWHERE, Service
from tests.contract.asking import VIEWS, WORKER, a_child, ask, entry, ids, needs_naming

ITEM = {
    "agency",
    "agency_name",
    "source",
    "family",
    "source_id",
    "version",
    "happened_on",
    "recorded_at",
    "received_at",
}
PARTNER = {"agency": ELSEWHERE[1], "role": "social-worker", "contact": "01632 960009", "from_on": "2025-03-20"}


def without_request(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "instance"}


def test_a_child_is_shown_as_each_source_knows_them(service: Service) -> None:
    known = a_child(service)
    body = known.seen()
    (item,) = body["items"]
    assert item.keys() == ITEM | {"record"} and item["agency"] == AGENCY
    assert item["record"]["family_name"] == "Madeup-Rowan"
    assert (body["child"], body["withheld"], body["restriction"]) == (known.child, [], "normal")


@pytest.mark.parametrize("view", VIEWS)
def test_a_stranger_and_an_unknown_child_are_answered_alike(service: Service, view: str) -> None:
    known = a_child(service)
    hidden = known.ask(view, service.stranger)
    unknown = ask(service, f"/v1/children/{'0' * 26}{view}")
    assert hidden.status_code == unknown.status_code == 404
    assert without_request(hidden.json()) == without_request(unknown.json())


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_is_shown_to_who_does_not_say_who_asks_and_why(service: Service, view: str) -> None:
    url = f"/v1/children/{a_child(service).child}{view}"
    for header in WORKER:
        told = {name: value for name, value in WORKER.items() if name != header}
        answer = service.http.get(url, headers=service.headers() | told)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/purpose-required")
    assert service.http.get(url, headers=WORKER).status_code == 401
    unscoped = {"Authorization": f"Bearer {service.token(scope='changes.read')}"}
    assert service.http.get(url, headers=unscoped | WORKER).status_code == 403


def test_a_record_is_told_without_the_sources_own_id_of_the_child(service: Service) -> None:
    known = a_child(service)
    for family in ("referrals", "plans", "child_protection", "chronologies"):
        known.told(family)
    for view in ("/referrals", "/plans", "/child-protection", "/chronology"):
        assert all("child" not in item.get("record", {}) for item in known.seen(view)["items"])


def test_what_others_hold_is_counted_with_whom_to_ask_and_nothing_else(service: Service) -> None:
    known = a_child(service)
    known.told(elsewhere=True)
    for day in ("2025-01-05", "2025-01-06", "2025-01-07"):
        entry(known, day, elsewhere=True, description="Told nobody but us.")
    known.told("referrals", elsewhere=True)
    answer = known.ask("/chronology")
    withheld = [{"count": 4, "ask": {"agency": ELSEWHERE[1], "name": "Glasgow City Council"}}]
    assert (answer.json()["items"], answer.json()["withheld"]) == ([], withheld)
    assert {one["agency"] for one in answer.json()["freshness"]} == {AGENCY}
    assert ELSEWHERE[0] not in answer.text and "Told nobody" not in answer.text
    assert known.seen("/referrals")["withheld"][0]["count"] == 1
    assert known.seen("/plans")["withheld"] == []


@needs_naming
def test_a_partner_in_a_current_plan_sees_what_the_agency_that_names_it_holds(service: Service) -> None:
    known = a_child(service)
    ours, plan = entry(known, "2025-01-05"), known.told("plans", partners=[PARTNER])
    known.told(elsewhere=True)
    theirs = entry(known, "2025-01-06", elsewhere=True)
    assert [one for one in ids(known.seen("/chronology", service.stranger)) if one != plan] == [ours, theirs]
    assert known.seen("/chronology", service.stranger)["withheld"] == []
    assert ids(known.seen("/chronology", service.stranger, view="single", agency=AGENCY))[0] == ours
    assert {one["agency"] for one in known.seen("", service.stranger)["items"]} == {AGENCY, ELSEWHERE[1]}


@needs_naming
def test_sources_that_differ_on_a_child_are_said_to(service: Service) -> None:
    known = a_child(service)
    known.told("plans", partners=[PARTNER])
    known.told(elsewhere=True, given_name="Ayla", ethnic_group=None)
    assert known.seen("", service.stranger)["differs"] == ["given_name"]


def test_an_agency_that_has_said_nothing_is_a_gap_and_not_calm(service: Service) -> None:
    known = a_child(service)
    (before,) = [one for one in known.seen("/chronology")["freshness"] if one["family"] == "chronologies"]
    assert (before["count"], before["last_received_at"], before["days_silent"], before["is_gap"]) == (
        0,
        None,
        None,
        True,
    )
    entry(known, "2025-01-05")
    (after,) = [one for one in known.seen("/chronology")["freshness"] if one["family"] == "chronologies"]
    assert (after["count"], after["days_silent"], after["is_gap"]) == (1, 0, False)
    assert after["last_recorded_at"] == "2025-12-20T09:00:00+00:00"


def test_the_strictest_restriction_leaves_places_out_of_every_view(service: Service) -> None:
    known = a_child(service)
    known.told("plans", partners=[PARTNER])
    assert "01632" in known.ask("/plan").text and "01632" in known.ask("/team").text
    assert known.seen("")["left_out"] == []
    known.told(restricted="restricted", recorded_at="2025-05-01T10:00:00Z")
    for view in VIEWS:
        answer = known.ask(view)
        assert "01632" not in answer.text and "ZZ99" not in answer.text, view
        assert (answer.json()["restriction"], answer.json()["left_out"]) == ("restricted", ["place"])


def test_the_single_plan_is_the_one_in_force_with_what_it_took_the_place_of(service: Service) -> None:
    known = a_child(service)
    first = known.told("plans", agreed_on="2024-01-02", started_on="2024-01-01", ended_on="2024-06-01")
    second = known.told("plans", agreed_on="2024-06-02", started_on="2024-06-01", supersedes=first)
    third = known.told("plans", agreed_on="2025-01-02", started_on="2025-01-01", supersedes=second)
    known.told("plans", started_on="2099-01-01", agreed_on=None, supersedes=third)
    body = known.seen("/plan")
    assert (body["plan"]["source_id"], body["others"], body["is_single"]) == (third, [], True)
    assert [(one["source_id"], one["ended_on"]) for one in body["plan"]["replaces"]] == [
        (second, None),
        (first, "2024-06-01"),
    ]
    assert body["plan"]["record"]["actions"] and body["plan"]["record"]["lead_professional"]["role"] == "social-worker"
    listed = {one["source_id"]: (one["is_current"], one["superseded_by"]) for one in known.seen("/plans")["items"]}
    assert [listed[one] for one in (first, second, third)] == [(False, second), (False, third), (True, None)]


def test_several_plans_in_force_are_said_to_be_the_one_agreed_last_first(service: Service) -> None:
    known = a_child(service)
    assert known.seen("/plan") | {"freshness": []} == known.seen("/plan") | {
        "plan": None,
        "others": [],
        "freshness": [],
    }
    old = known.told("plans", agreed_on="2025-02-02")
    unagreed = known.told("plans", agreed_on=None)
    new = known.told("plans", agreed_on="2025-03-02", plan_type="cp")
    body = known.seen("/plan")
    assert body["plan"]["source_id"] == new and not body["is_single"]
    assert [one["source_id"] for one in body["others"]] == [old, unagreed]


def test_the_team_is_who_is_named_now_since_when_and_by_whom(service: Service) -> None:
    known = a_child(service)
    left = {"agency": "POLICE", "role": "police-officer", "from_on": "2024-01-01", "to_on": "2024-12-31"}
    plan = known.told("plans", partners=[PARTNER, left])
    known.told("plans", partners=[left], ended_on="2025-06-01")
    again = known.told("plans", named_person=None, partners=[PARTNER])
    items = known.seen("/team")["items"]
    told = [(one["member"]["part"], one["member"]["agency"], one["member"]["since"]) for one in items]
    assert sorted(told, key=str) == [
        ("lead_professional", AGENCY, "2025-03-20"),
        ("named_person", AGENCY, None),
        ("partner", ELSEWHERE[1], "2025-03-20"),
    ]
    (partner,) = [one for one in items if one["member"]["part"] == "partner"]
    assert partner["member"]["contact"] == "01632 960009" and partner["agency"] == AGENCY
    assert {one["source_id"] for one in partner["said_by"]} == {plan, again}


def test_looked_after_events_are_worked_out_from_the_care_episode(service: Service) -> None:
    known = a_child(service)
    episode = known.told("care_episodes")
    items = known.seen("/looked-after-events")["items"]
    assert {item["source_id"] for item in items} == {episode} and items[0].keys() > ITEM
    assert items[0]["record"]["kind"] == "S" and items[0]["record"]["care_reason"] == "R-PSU"
    assert [item["happened_on"] for item in items] == sorted(item["happened_on"] for item in items)


def test_lists_come_page_by_page_the_earliest_first(service: Service) -> None:
    known = a_child(service)
    days = ("2025-03-03", "2025-01-03", "2025-02-03")
    posted = {day: known.told("referrals", received_at=f"{day}T09:20:00Z") for day in days}
    first = known.seen("/referrals", limit=2)
    rest = known.seen("/referrals", limit=2, after=first["next"])
    assert ids(first) + ids(rest) == [posted[day] for day in sorted(days)] and rest["next"] is None


def test_the_access_log_says_who_looked_in_what_role_and_why(service: Service) -> None:
    known = a_child(service)
    known.told(elsewhere=True)
    known.seen("/plan")
    known.seen("/chronology", service.stranger)
    known.ask("/team", service.stranger)
    items = known.seen("/access-log")["items"]
    assert [(one["agency"], one["what"], one["worker"]) for one in items] == [
        (AGENCY, "plan", "w-7"),
        (ELSEWHERE[1], "chronology", None),
        (ELSEWHERE[1], "team", None),
    ]
    assert {(one["role"], one["purpose"], one["act"]) for one in items} == {
        ("social-worker", "child-wellbeing", "read")
    }
    assert known.seen("/access-log")["items"][-1]["what"] == "access_log"
    first = known.seen("/access-log", limit=1)
    assert known.seen("/access-log", limit=1, after=first["next"])["items"][0]["what"] == "chronology"


@pytest.mark.parametrize("view", [*VIEWS, "/sharing-decisions"])
def test_who_is_refused_is_on_the_log_as_well(service: Service, view: str) -> None:
    known = a_child(service)
    assert known.ask(view, service.stranger).status_code == 404
    (refused,) = known.seen("/access-log")["items"]
    assert (refused["agency"], refused["act"], refused["role"]) == (ELSEWHERE[1], "refuse", "social-worker")
    assert refused["purpose"] == "child-wellbeing"


def test_an_id_that_is_no_childs_is_not_kept(service: Service, held: Store) -> None:
    said = "Quixwobble-Street"
    for path in ("", "/team", "/sharing-decisions"):
        assert ask(service, f"/v1/children/{said}{path}").status_code == 404
    with held.reading() as connection:
        kept = connection.execute(select(audit.AUDIT)).all()
    assert {row.child for row in kept if row.act == "refuse"} >= {None}
    assert said not in repr(kept)
