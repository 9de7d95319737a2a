"""A source compares what it holds with what is held: a digest of a family, and differences range by range."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from services.access import credentials
from services.access.scopes import DEFAULT_SCOPES
from services.store.engine import Store
from tests.conftest import AGENCY, SOURCE, Service
from tests.contract.test_retractions import REASON, retract
from tests.examples import changed

DIGEST = f"/v1/sources/{SOURCE}/child-protection/digest"
OTHER = "0" * 64


def digest_of(held: Mapping[str, str]) -> str:
    lines = (f"{source_id}\t{sha256}\n" for source_id, sha256 in sorted(held.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def reconcile(service: Service, claims: Mapping[str, str] | str, **question: str) -> httpx.Response:
    lines = (
        (json.dumps({"source_id": source_id, "sha256": sha256}) for source_id, sha256 in claims.items())
        if isinstance(claims, Mapping)
        else [claims]
    )
    question = {"family": "referrals"} | {name.strip("_"): value for name, value in question.items()}
    headers = service.headers(None, Content_Type="application/x-ndjson")
    url = f"/v1/sources/{SOURCE}/reconcile"
    return service.http.post(url, params=question, content="\n".join(lines), headers=headers)


def put(service: Service, source_id: str, family: str = "referrals") -> str:
    answer = service.put(family.replace("_", "-"), source_id, changed(family, {"child": "nobody"}))
    sha256: str = answer.json()["sha256"]
    return sha256


def test_the_digest_is_over_what_is_held_in_byte_order(service: Service) -> None:
    assert service.get(DIGEST).json() == {"count": 0, "digest": digest_of({})}
    held = {one: put(service, one, "child_protection") for one in ("b", "B", "a-1", "a.1", "~", "9", "a")}
    assert service.get(DIGEST).json() == {"count": 7, "digest": digest_of(held)}
    retract(service, "child-protection", "a.1", **REASON)
    del held["a.1"]
    assert service.get(DIGEST).json() == {"count": 6, "digest": digest_of(held)}


def test_each_difference_is_named_in_its_list(service: Service) -> None:
    held = {one: put(service, f"d-{one}") for one in ("same", "differs", "extra", "taken-back")}
    retract(service, "referrals", "d-taken-back", **REASON)
    claims = {"d-same": held["same"], "d-differs": OTHER, "d-lost": OTHER, "d-taken-back": held["taken-back"]}
    answer = reconcile(service, claims, from_="d-", to="d-~")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "missing": ["d-lost", "d-taken-back"],
        "different": ["d-differs"],
        "extra": ["d-extra"],
    }
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_range_has_both_its_ends(service: Service) -> None:
    for number in range(5):
        put(service, f"r-{number}")
    assert reconcile(service, "", from_="r-1", to="r-3").json()["extra"] == ["r-1", "r-2", "r-3"]
    assert reconcile(service, "", from_="r-3", to="r-3").json()["extra"] == ["r-3"]


def test_the_family_may_be_named_as_in_the_address(service: Service) -> None:
    for named in ("care_episodes", "care-episodes"):
        assert reconcile(service, "", family=named).json() == {"missing": [], "different": [], "extra": []}


@pytest.mark.parametrize(
    "question", [{"family": "nonsense"}, {"family": ""}, {"from_": "b", "to": "a"}, {"to": "not an id"}, {"more": "x"}]
)
def test_a_question_that_makes_no_sense_is_refused(service: Service, question: dict[str, str]) -> None:
    assert reconcile(service, "", **question).status_code == 400


def claim(**members: Any) -> str:
    return json.dumps({"source_id": "c-1", "sha256": OTHER} | members)


@pytest.mark.parametrize(
    ("line", "code", "pointer"),
    [
        ("{not json", "malformed", ""),
        ("", "malformed", ""),
        ("[]", "wrong-type", ""),
        (claim(sha256="0"), "out-of-bounds", "/sha256"),
        (claim(sha256=OTHER.replace("0", "A")), "out-of-bounds", "/sha256"),
        (claim(sha256=OTHER + "\n"), "out-of-bounds", "/sha256"),
        (claim(source_id=7), "wrong-type", "/source_id"),
        (claim(source_id="not an id"), "out-of-bounds", "/source_id"),
        (claim(version=1), "unknown-field", "/version"),
        ('{"source_id": "c-1"}', "missing", "/sha256"),
        (claim(source_id="c-0"), "duplicate", "/source_id"),
        (claim(source_id="d"), "out-of-range", "/source_id"),
    ],
)
def test_a_line_that_is_wrong_is_named(service: Service, line: str, code: str, pointer: str) -> None:
    answer = reconcile(service, "\n".join([claim(source_id="c-0"), line, claim(source_id="c-2")]), from_="c", to="c-9")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["code"], error["pointer"]) == (code, pointer)
    assert error["detail"].startswith("line 2: ")


def test_a_wrong_file_is_refused_without_a_problem_for_every_line(service: Service) -> None:
    answer = reconcile(service, "x\n" * 5_000)
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 100)
    assert reconcile(service, "\n" * 100_001).status_code == 413


def test_only_the_agencys_own_sources_are_compared(service: Service) -> None:
    store = Store(service.settings.store_url)
    sibling = credentials.add_source(store, "renfrewshire-education", AGENCY, DEFAULT_SCOPES)
    store.close()
    answers = {}
    for name, client in (("own agency", sibling), ("stranger", service.stranger)):
        headers = service.headers(client, Content_Type="application/x-ndjson")
        url = f"/v1/sources/{SOURCE}/reconcile?family=plans"
        posted = service.http.post(url, content="", headers=headers)
        answers[name] = (service.http.get(DIGEST, headers=headers).status_code, posted.status_code)
    assert answers == {"own agency": (200, 200), "stranger": (404, 404)}


def test_checks_come_in_the_order_of_the_contract(service: Service) -> None:
    url = f"/v1/sources/{SOURCE}/reconcile?family=plans"
    assert service.http.post(url, content="x").status_code == 401
    assert service.http.post(url, content="x", headers=service.headers()).status_code == 415
    unscoped = {"Authorization": f"Bearer {service.token(scope='records.write')}"}
    assert service.http.post(url, content="x", headers=unscoped).status_code == 403
    assert service.http.get(DIGEST, headers=unscoped).status_code == 403
