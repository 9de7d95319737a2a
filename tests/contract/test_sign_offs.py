"""Sign-offs over HTTP: two people, a frozen snapshot, no unexplained errors, and what is received afterwards."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest
import rfc8785

from quality.functions import LONDON
from services.access import credentials
from services.access.credentials import Credentials
from services.inspection.store_run import run_over_store
from services.store import runs
from services.store.engine import Store
from tests.conftest import AGENCY, SOURCE, Service
from tests.examples import changed

SCOPES = ("quality.read", "quality.write")
URL = "/v1/quality/sign-offs"
PERIOD = {"covers_from": "2024-08-01", "covers_to": "2025-07-31"}
CHILDREN = {"families": ["children"], "worker": "preparer-1"} | PERIOD
PLAIN: dict[str, Any] = {"scn": None, "chi": None, "siblings": []}


@dataclass
class Office:
    """A data team's client, and those of another agency and of a national one."""

    service: Service
    teams: dict[str, Credentials] = field(default_factory=dict)

    def post(self, path: str, body: Any, team: str = "own") -> httpx.Response:
        return self.service.http.post(path, json=body, headers=self.service.headers(self.teams[team]))

    def get(self, path: str, team: str = "own") -> httpx.Response:
        return self.service.http.get(path, headers=self.service.headers(self.teams[team]))

    def prepared(self, **changes: Any) -> dict[str, Any]:
        answer = self.post(URL, CHILDREN | changes)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def refused(self, path: str, body: Any) -> str:
        answer = self.post(path, body)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-signed"), answer.text
        title: str = answer.json()["title"]
        return title


@pytest.fixture(scope="module")
def office(service: Service) -> Office:
    """After one run: a good children record, and a referral's child with an SCN that is not one."""
    store = Store(service.settings.store_url)
    made = Office(service)
    for name, agency in (("own", AGENCY), ("elsewhere", "S12000049"), ("national", "SCOTGOV")):
        made.teams[name] = credentials.add_source(store, f"data-team-{name}", agency, SCOPES)
    store.close()
    assert "no quality run yet" in made.refused(URL, CHILDREN)
    service.put("children", "good", changed("children", PLAIN))
    run_over_store(service.settings.store_url)
    return made


def test_two_people_sign_a_frozen_snapshot(office: Office) -> None:
    one = office.prepared()
    assert (one["state"], one["agency"], one["families"], one["signed"]) == ("prepared", AGENCY, ["children"], None)
    digest = office.service.get(f"/v1/sources/{SOURCE}/children/digest").json()
    holdings = {held["source"]: (held["records"], held["digest"]) for held in one["snapshot"]["holdings"]}
    assert holdings[SOURCE] == (1, digest["digest"])
    assert hashlib.sha256(rfc8785.dumps(one["snapshot"])).hexdigest() == one["digest"]
    signing = f"{URL}/{one['id']}/signature"
    assert "Two different people" in office.refused(signing, {"worker": "preparer-1"})
    signed = office.post(signing, {"worker": "approver-2"}).json()
    assert (signed["state"], signed["signed"]["worker"]) == ("signed", "approver-2")
    assert "already" in office.refused(signing, {"worker": "approver-3"})


def test_what_is_received_later_changes_no_snapshot_and_is_visible(office: Office) -> None:
    one = office.prepared()
    before = office.get(f"{URL}/{one['id']}").json()
    assert (before["changed_since"], before["changes"]) == (False, {"changed": 0, "added": 0})
    corrected = changed("children", PLAIN | {"religion": None, "recorded_at": "2025-07-01T09:00:00Z"})
    assert office.service.put("children", "good", corrected).status_code == 200
    office.service.put("children", "late", changed("children", PLAIN))
    after = office.get(f"{URL}/{one['id']}").json()
    assert (after["changed_since"], after["changes"]) == (True, {"changed": 1, "added": 1})
    assert (after["snapshot"], after["digest"]) == (before["snapshot"], before["digest"])
    again = office.prepared()
    assert again["snapshot"]["holdings"] == before["snapshot"]["holdings"], "the last run has not seen the correction"


def test_an_unexplained_error_stands_in_the_way_of_both_signatures(office: Office) -> None:
    early = office.prepared()
    office.service.put("children", "bad", changed("children", {"scn": "180669079", "chi": None, "siblings": []}))
    run_over_store(office.service.settings.store_url)
    assert office.refused(URL, CHILDREN).endswith("1 in children")
    assert office.refused(f"{URL}/{early['id']}/signature", {"worker": "approver-2"}).endswith("1 in children")
    assert office.prepared(families=["referrals"])["families"] == ["referrals"]
    (finding,) = office.get("/v1/quality/findings?rule=ID02").json()["items"]
    explanation = f"/v1/quality/findings/{finding['id']}/explanation"
    headers = office.service.headers(office.teams["own"])
    office.service.http.put(explanation, json={"reason": "historic-record"}, headers=headers)
    one = office.prepared()
    counted = {"family": "children", "severity": "error", "state": "explained", "findings": 1}
    assert counted in one["snapshot"]["findings"]
    assert office.post(f"{URL}/{one['id']}/signature", {"worker": "approver-2"}).status_code == 200


def test_what_was_signed_is_opened_again_with_a_reason(office: Office) -> None:
    one = office.prepared(families=["plans"])
    office.post(f"{URL}/{one['id']}/signature", {"worker": "approver-2"})
    reopening = f"{URL}/{one['id']}/reopening"
    assert office.post(reopening, {"worker": "approver-2"}).status_code == 422
    assert office.post(reopening, {"worker": "approver-2", "reason": "other"}).status_code == 422
    told = office.post(reopening, {"worker": "approver-2", "reason": "data-corrected", "note": "two moves"}).json()
    assert (told["state"], told["reopened"]["reason"], told["reopened"]["note"]) == (
        "reopened",
        "data-corrected",
        "two moves",
    )
    assert "reopened" in office.refused(reopening, {"worker": "approver-2", "reason": "data-corrected"})
    assert "reopened" in office.refused(f"{URL}/{one['id']}/signature", {"worker": "approver-3"})
    told = office.get(f"{URL}/{one['id']}", "national").text
    assert "two moves" not in told and "approver-2" not in told


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"families": []}, "/families"),
        ({"families": ["unicorns"]}, "/families/0"),
        ({"covers_to": "2199-01-01"}, "/covers_to"),
        ({"covers_to": "2024-07-31"}, "/covers_to"),
        ({"worker": "Mrs Somebody"}, "/worker"),
        ({"worker": None}, "/worker"),
    ],
)
def test_a_sign_off_that_makes_no_sense_is_refused(office: Office, changes: dict[str, Any], pointer: str) -> None:
    answer = office.post(URL, CHILDREN | changes)
    assert answer.status_code == 422, answer.text
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_a_sign_off_is_its_own_agencys_and_a_national_agency_reads_it(office: Office) -> None:
    number = office.prepared(families=["referrals"])["id"]
    assert office.get(f"{URL}/{number}", "elsewhere").status_code == 404
    assert office.post(f"{URL}/{number}/signature", {"worker": "x"}, "elsewhere").status_code == 404
    assert office.get(f"{URL}/{number}", "national").status_code == 200
    assert office.post(f"{URL}/{number}/signature", {"worker": "x"}, "national").status_code == 404
    assert office.get(URL, "elsewhere").json()["items"] == []
    assert number in [one["id"] for one in office.get(f"{URL}?agency={AGENCY}&limit=1000", "national").json()["items"]]
    assert office.get(f"{URL}?agency={AGENCY}", "elsewhere").status_code == 404


def test_signing_needs_its_scope(office: Office) -> None:
    answer = office.service.http.post(URL, json=CHILDREN, headers=office.service.headers())
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/scope-missing")


def test_nothing_is_signed_off_after_a_run_in_which_a_rule_crashed(office: Office) -> None:
    store = Store(office.service.settings.store_url)
    crashed = {"rule": "ID02", "status": "crashed", "denominator": None, "failed": None, "why": "no such column"}
    with store.writing() as connection:
        runs.keep_run(connection, datetime.now(LONDON).date(), datetime.now(LONDON), [crashed], [])
    store.close()
    assert "crashed" in office.refused(URL, CHILDREN)
