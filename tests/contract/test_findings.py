"""Findings over HTTP: whose they are, what is said of them, and what happens to them from run to run."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx
import pytest

from quality.functions import LONDON, months_after
from services.access import credentials
from services.access.credentials import Credentials
from services.inspection.store_run import run_over_store
from services.store.engine import Store
from tests.conftest import AGENCY, SOURCE, Service
from tests.examples import changed

SCOPES = ("records.write", "records.read", "quality.read", "quality.write")
BAD_SCN = {"scn": "180669079", "chi": None}
REASON = {"reason": "correct-as-recorded", "worker": "worker-17"}


@dataclass
class Lived:
    """Findings of three runs: between the first and the second some were explained, and some records changed."""

    service: Service
    numbers: dict[str, int]
    run: int


@pytest.fixture(scope="module")
def lived(service: Service) -> Lived:
    store = Store(service.settings.store_url)
    TEAMS["own"] = credentials.add_source(store, "renfrewshire-data-team", AGENCY, SCOPES)
    TEAMS["national"] = credentials.add_source(store, "national-statistics", "SCOTGOV", SCOPES)
    TEAMS["elsewhere"] = credentials.add_source(store, "glasgow-data-team", "S12000049", SCOPES)
    TEAMS["later"] = credentials.add_source(store, "renfrewshire-later", AGENCY, SCOPES, live_from=date(2025, 6, 1))
    store.close()
    for source_id in NAMES:
        post(service, source_id)
    for source_id, at in (("before", "2025-05-31T12:00:00+01:00"), ("since", "2025-06-01T00:00:00+01:00")):
        record = changed("children", BAD_SCN | {"recorded_at": at})
        url = f"/v1/sources/renfrewshire-later/children/{source_id}"
        assert service.http.put(url, json=record, headers=service.headers(TEAMS["later"])).status_code == 201
    run(service)
    numbers = {source_id: finding(service, source_id)["id"] for source_id in NAMES}
    for source_id in ("carried", "lapsed", "back"):
        said = explain(service, numbers[source_id], REASON | {"note": "words of ours"})
        assert said.status_code == 200, said.text
    post(service, "corrected", scn=None, recorded_at="2025-07-01T09:00:00Z")
    post(service, "carried", religion=None, family_name="Another", recorded_at="2025-07-01T09:00:00Z")
    post(service, "lapsed", scn="180669077", recorded_at="2025-07-01T09:00:00Z")
    post(service, "back", scn=None, recorded_at="2025-07-01T09:00:00Z")
    run(service)
    post(service, "back", recorded_at="2025-08-01T09:00:00Z")
    return Lived(service, numbers, run(service))


NAMES = ("corrected", "carried", "lapsed", "back", "other", "changed-since", "paged")
TEAMS: dict[str, Credentials] = {}


def ask(service: Service, path: str, team: str = "own") -> httpx.Response:
    return service.http.get(path, headers=service.headers(TEAMS[team]))


def run(service: Service) -> int:
    return run_over_store(service.settings.store_url).number


def post(service: Service, source_id: str, **changes: Any) -> None:
    assert service.put("children", source_id, changed("children", BAD_SCN | changes)).status_code in (200, 201)


def found(
    service: Service, source_id: str, team: str = "own", rule: str = "ID02", **asked: Any
) -> list[dict[str, Any]]:
    answer = service.http.get(
        "/v1/quality/findings",
        params={"limit": "1000", "state": "any", "rule": rule} | asked,
        headers=service.headers(TEAMS[team]),
    )
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["items"] if one["source_id"] == source_id]


def finding(service: Service, source_id: str, **asked: str) -> dict[str, Any]:
    (one,) = found(service, source_id, **asked)
    return one


def explain(service: Service, number: int, body: Any = REASON, team: str = "own") -> httpx.Response:
    headers = service.headers(TEAMS[team], Content_Type="application/json")
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return service.http.put(f"/v1/quality/findings/{number}/explanation", content=content, headers=headers)


def history(lived: Lived, source_id: str) -> list[str]:
    told = ask(lived.service, f"/v1/quality/findings/{lived.numbers[source_id]}").json()
    return [one["what"] for one in told["history"]]


def test_a_finding_is_open_from_first_seen_until_the_data_close_it(lived: Lived) -> None:
    one = finding(lived.service, "other")
    assert (one["state"], one["severity"], one["agency"], one["explanation"]) == ("open", "error", AGENCY, None)
    assert one["last_seen"] > one["first_seen"]
    assert finding(lived.service, "corrected")["state"] == "closed_by_data"
    assert found(lived.service, "corrected", state="open") == []
    assert history(lived, "corrected") == ["seen", "corrected"]


def test_a_finding_says_that_its_record_has_changed_since_the_run(lived: Lived) -> None:
    assert finding(lived.service, "changed-since")["changed_since_run"] is False
    post(lived.service, "changed-since", scn=None, recorded_at="2025-07-01T09:00:00Z")
    one = finding(lived.service, "changed-since")
    assert (one["state"], one["changed_since_run"]) == ("open", True)


def test_an_explanation_is_carried_on_whatever_else_of_the_record_changes(lived: Lived) -> None:
    one = finding(lived.service, "carried")
    assert (one["state"], one["changed_since_run"]) == ("explained", False)
    assert one["explanation"] == {
        "reason": "correct-as-recorded",
        "note": "words of ours",
        "source": "renfrewshire-data-team",
        "worker": "worker-17",
        "expires_on": months_after(datetime.now(LONDON).date(), 12).isoformat(),
    }
    assert history(lived, "carried") == ["seen", "explained"]


def test_an_explanation_ends_when_what_it_is_about_changes(lived: Lived) -> None:
    one = finding(lived.service, "lapsed")
    assert (one["id"], one["state"], one["explanation"]) == (lived.numbers["lapsed"], "open", None)
    assert history(lived, "lapsed") == ["seen", "explained", "changed"]


def test_what_comes_back_as_it_was_is_explained_as_it_was(lived: Lived) -> None:
    assert finding(lived.service, "back")["state"] == "explained"
    assert history(lived, "back") == ["seen", "explained", "corrected", "seen_again"]


def test_what_the_data_closed_cannot_be_explained(lived: Lived) -> None:
    answer = explain(lived.service, lived.numbers["corrected"])
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/closed-by-data")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"reason": "corect-as-recorded"}, "/reason", "not-in-codelist"),
        ({}, "/reason", "missing"),
        ({"reason": "other"}, "", "missing"),
        (REASON | {"expires_on": "2020-01-01"}, "/expires_on", "out-of-bounds"),
        (REASON | {"expires_on": "2199-01-01"}, "/expires_on", "out-of-bounds"),
        (REASON | {"worker": "Mrs Somebody"}, "/worker", "out-of-bounds"),
        (REASON | {"author": "me"}, "/author", "unknown-field"),
        (b"[]", "", "malformed"),
        (b"{", "", "malformed"),
    ],
)
def test_an_explanation_that_says_too_little_or_too_much_is_refused(
    lived: Lived, body: Any, pointer: str, code: str
) -> None:
    answer = explain(lived.service, lived.numbers["other"], body)
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert finding(lived.service, "other")["state"] == "open"


def test_another_agencys_finding_is_not_there(lived: Lived) -> None:
    number = lived.numbers["other"]
    assert found(lived.service, "other", "elsewhere") == []
    assert ask(lived.service, f"/v1/quality/findings/{number}", "elsewhere").status_code == 404
    assert explain(lived.service, number, team="elsewhere").status_code == 404
    assert explain(lived.service, number, b"x" * 100_000, team="elsewhere").status_code == 404
    assert ask(lived.service, f"/v1/quality/findings?agency={AGENCY}", "elsewhere").status_code == 404


def test_a_national_agency_sees_all_but_what_people_wrote_and_explains_nothing(lived: Lived) -> None:
    number = lived.numbers["carried"]
    (one,) = found(lived.service, "carried", "national", agency=AGENCY)
    said = one["explanation"]
    assert (one["agency"], said["reason"], said["note"]) == (AGENCY, "correct-as-recorded", None)
    told = ask(lived.service, f"/v1/quality/findings/{number}", "national").text
    assert "words of ours" not in told and "worker-17" not in told
    assert explain(lived.service, number, team="national").status_code == 404


def test_explaining_needs_its_scope(lived: Lived) -> None:
    headers = lived.service.headers(None, Content_Type="application/json")
    answer = lived.service.http.put("/v1/quality/findings/1/explanation", json=REASON, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/scope-missing")


@pytest.mark.parametrize(
    "asked", ["state=closed", "severity=Q", "family=unicorns", "rule=XX99", "child=c-1", "limit=0", "after=x"]
)
def test_a_filter_that_means_nothing_is_refused(lived: Lived, asked: str) -> None:
    assert ask(lived.service, f"/v1/quality/findings?{asked}").status_code == 400


def test_findings_are_filtered_and_paged_in_a_stable_order(lived: Lived) -> None:
    pages: list[int] = []
    asked = f"/v1/quality/findings?rule=ID02&severity=error&family=children&source={SOURCE}&limit=2"
    after: int | None = 0
    while after is not None:
        answer = ask(lived.service, f"{asked}&after={after}").json()
        pages += [one["id"] for one in answer["items"]]
        after = answer["next"]
    assert pages == sorted(set(pages)) and len(pages) >= 3
    assert ask(lived.service, "/v1/quality/findings?source=renfrewshire-data-team").json()["items"] == []


def test_a_finding_on_a_record_before_its_source_went_live_is_info(lived: Lived) -> None:
    assert [finding(lived.service, one)["severity"] for one in ("before", "since")] == ["info", "error"]


def test_a_run_says_of_every_rule_what_became_of_it(lived: Lived) -> None:
    newest = ask(lived.service, "/v1/quality/runs?limit=1").json()
    assert [one["run"] for one in newest["items"]] == [lived.run] and newest["next"] == lived.run
    told = ask(lived.service, f"/v1/quality/runs/{lived.run}").json()
    assert sum(told["statuses"].values()) == len(told["results"]) == sum(newest["items"][0]["statuses"].values())
    statuses = {one["rule"]: one["status"] for one in told["results"]}
    assert (statuses["ID02"], statuses["CH07"]) == ("fail", "not_applicable")
    assert all(one["why"] for one in told["results"] if one["status"] not in ("pass", "fail"))
    assert all("failed" not in one for one in told["results"])
    counted = ask(lived.service, f"/v1/quality/runs/{lived.run}", "national").json()["results"]
    assert {one["rule"]: one["failed"] for one in counted}["ID02"] >= 1
    assert ask(lived.service, f"/v1/quality/runs/{lived.run + 1}").status_code == 404
