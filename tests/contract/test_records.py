"""Putting and reading records, as the contract has it, on both databases over HTTP."""

import hashlib
import json

import pytest
import rfc8785

from schemas.registry import FAMILIES
from services.access import credentials
from services.access.scopes import DEFAULT_SCOPES
from services.store.engine import Store
from tests.conftest import AGENCY, SOURCE, Service
from tests.examples import changed, example


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_an_example_is_created_as_posted(service: Service, family: object) -> None:
    name, segment = family.name, family.segment  # type: ignore[attr-defined]
    answer = service.put(segment, f"created-{name}", example(name))
    assert answer.status_code == 201, answer.text
    assert (answer.headers["etag"], answer.headers["kith-result"]) == ('"1"', "created")
    held = service.get(service.url(segment, f"created-{name}")).json()
    assert held["record"] == example(name)
    assert held["sha256"] == answer.json()["sha256"] == hashlib.sha256(rfc8785.dumps(example(name))).hexdigest()


def test_the_same_record_again_is_unchanged(service: Service) -> None:
    service.put("referrals", "again", example("referrals"))
    answer = service.put("referrals", "again", example("referrals"))
    assert (answer.status_code, answer.json()["result"], answer.json()["version"]) == (200, "unchanged", 1)


def test_a_later_record_replaces_and_both_versions_are_kept(service: Service) -> None:
    first, later = example("referrals"), changed("referrals", {"recorded_at": "2025-03-06T09:00:00+00:00"})
    service.put("referrals", "replaced", first)
    answer = service.put("referrals", "replaced", later)
    assert (answer.status_code, answer.headers["kith-result"], answer.headers["etag"]) == (200, "replaced", '"2"')
    url = service.url("referrals", "replaced")
    assert [one["version"] for one in service.get(f"{url}/versions").json()["items"]] == [1, 2]
    assert service.get(f"{url}/versions/1").json()["record"] == first
    assert service.get(url).json()["record"] == later


def test_an_earlier_record_is_stale_and_nothing_changes(service: Service) -> None:
    service.put("referrals", "stale", example("referrals"))
    answer = service.put("referrals", "stale", changed("referrals", {"recorded_at": "2025-03-04T10:00:00+00:00"}))
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/problems/older-than-held")
    assert service.get(service.url("referrals", "stale")).json()["version"] == 1


def test_at_equal_instants_a_new_content_wins_and_an_old_one_is_stale(service: Service) -> None:
    other = changed("referrals", {"summary": "The same instant, another content."})
    service.put("referrals", "tied", example("referrals"))
    answer = service.put("referrals", "tied", other)
    assert answer.json()["result"] == "replaced"
    assert "same-recorded-at" in [warning["code"] for warning in answer.json()["warnings"]]
    assert service.put("referrals", "tied", example("referrals")).status_code == 409


def test_if_match_refuses_another_version(service: Service) -> None:
    service.put("referrals", "matched", example("referrals"))
    later = changed("referrals", {"recorded_at": "2025-03-07T09:00:00+00:00"})
    answer = service.put("referrals", "matched", later, If_Match='"7"')
    assert (answer.status_code, answer.headers["etag"]) == (412, '"1"')
    assert service.put("referrals", "matched", later, If_Match='"1"').json()["result"] == "replaced"


def test_a_record_whose_child_has_not_arrived_waits_with_a_warning(service: Service) -> None:
    record = changed("chronologies", {"child": "not-here-yet"})
    answer = service.put("chronologies", "waits", record)
    assert answer.status_code == 201
    assert answer.json()["child"] is None
    assert [warning["code"] for warning in answer.json()["warnings"]] == ["child-not-yet-known"]
    service.put("children", "not-here-yet", changed("children", {"chi": None, "scn": None}))
    assert service.get(service.url("chronologies", "waits")).json()["child"]


def test_null_equals_absent(service: Service) -> None:
    answer = service.put("referrals", "null", {**example("referrals"), "joined_to": None, "child_view": None})
    assert answer.status_code == 201


def test_a_wrong_code_says_where_which_rule_and_what_was_meant(service: Service) -> None:
    answer = service.put("referrals", "wrong-code", changed("referrals", {"primary_reason": "NEGLET"}))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error == {
        "pointer": "/primary_reason",
        "code": "not-in-codelist",
        "rule": "RF03",
        "detail": "'NEGLET' is not in the list referral_reasons",
        "hint": "did you mean R-NEG?",
        "allowed": "/v1/codelists/referral_reasons",
    }


@pytest.mark.parametrize(
    ("changes", "pointer", "rule"),
    [
        ({"closed_on": "2025-02-30"}, "/closed_on", "SH04"),
        ({"received_at": "2025-03-03T09:20:00"}, "/received_at", "ID16"),
        ({"chlid_view": "A word."}, "/chlid_view", "SH03"),
        ({"family_informed": "yes"}, "/family_informed", "SH05"),
        ({"received_at": None}, "/received_at", "SH02"),
        ({"absent": {"summary": "refused"}}, "/absent/summary", "SH07"),
        ({"recorded_at": "2199-01-01T00:00:00Z"}, "/recorded_at", "SH08"),
        ({"reasons": ["R-NEG"] * 1001}, "/reasons", "SH06"),
    ],
)
def test_what_breaks_the_contract_is_refused(
    service: Service, changes: dict[str, object], pointer: str, rule: str
) -> None:
    answer = service.put("referrals", "refused", changed("referrals", changes))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["rule"]) == (pointer, rule)
    assert error["hint"]
    assert service.get(service.url("referrals", "refused")).status_code == 404


def test_all_problems_come_in_one_answer(service: Service) -> None:
    record = changed(
        "referrals", {"closed_on": "2025-02-30", "primary_reason": "X", "received_at": "2199-01-01T00:00:00Z"}
    )
    answer = service.put("referrals", "several", record)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/closed_on", "/primary_reason", "/received_at"}
    assert answer.json()["title"] == "3 problems in this referral"


def test_everything_wrong_is_said_beside_what_breaks_the_contract(service: Service) -> None:
    wrong = {
        "recorded_at": "2199-01-01T00:00:00Z",
        "nonsense": 1,
        "absent": {"summary": "refused", "nowhere": "refused"},
    }
    answer = service.put("referrals", "beside", changed("referrals", wrong))
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/recorded_at", "/nonsense", "/absent/summary", "/absent/nowhere"}


def test_a_bad_optional_identifier_does_not_cost_the_child(service: Service) -> None:
    record = changed("children", {"chi": "101157509", "scn": "", "home_postcode": " "})
    answer = service.put("children", "bad-number", record)
    assert answer.status_code == 201
    assert "ID04" in [warning["rule"] for warning in answer.json()["warnings"]]


def test_a_place_that_cannot_be_is_a_problem_and_never_a_failure(service: Service) -> None:
    url = service.url("referrals", "there")
    service.put("referrals", "there", example("referrals"))
    assert service.get(f"{service.url('referrals', 'a')}%00b").status_code == 400
    assert service.get(f"{url}/versions/2147483648").status_code == 404
    assert service.get(f"{url}/versions?after=999999999999999999").status_code == 200
    assert service.get(f"{url}/versions?limit=0").status_code == 400
    assert service.put("referrals", "there", b"{}", If_Match="x", Content_Type="text/plain").status_code == 400


@pytest.mark.parametrize("value", ["2015-01-01", "isla", "Isla", "EH1 1AA", "eh1-1aa", "1502123436", "07700900123"])
def test_a_value_that_may_be_a_persons_is_not_quoted(service: Service, value: str) -> None:
    answer = service.put("children", "quoted", changed("children", {"sex": value}))
    assert answer.status_code == 422
    assert value not in answer.text


def test_no_problem_repeats_personal_data(service: Service) -> None:
    record = changed("children", {"sex": "Morag Madeup", "chi": 1502123436, "date_of_birth": "Fifteenth"})
    answer = service.put("children", "personal", record)
    assert answer.status_code == 422
    assert not any(word in answer.text for word in ("Morag", "Madeup", "1502123436", "Fifteenth"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 600 + b"1" + b"}" * 600,
        b'{"a":1e999}',
    ],
)
def test_what_is_not_json_is_refused(service: Service, body: bytes) -> None:
    answer = service.put("referrals", "not-json", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["rule"] == "SH01"


def test_checks_run_in_the_contracts_order(service: Service) -> None:
    url = service.url("referrals", "order")
    assert service.http.put(url).status_code == 401
    assert service.put("referrals", "order?force=true", b"{").status_code == 400
    theirs = service.http.put(url, headers=service.headers(service.stranger))
    assert theirs.status_code == 404
    assert service.put("referrals", "order", b"{", Content_Type="text/plain").status_code == 415
    assert service.put("referrals", "order", b" " * (1024 * 1024 + 1)).status_code == 413
    assert service.put("referrals", "order", b"{}", If_Match='"9"').status_code == 422


def test_a_token_without_the_scope_is_forbidden(service: Service) -> None:
    token = service.token(scope="records.read")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = service.http.put(service.url("referrals", "scope"), headers=headers, json=example("referrals"))
    assert answer.status_code == 403


def test_another_agency_learns_nothing(service: Service) -> None:
    service.put("referrals", "own", example("referrals"))
    answers = [
        service.http.get(service.url("referrals", i), headers=service.headers(service.stranger)) for i in ("own", "no")
    ]
    bodies = [json.loads(answer.text) | {"instance": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert bodies[0] == bodies[1]


@pytest.fixture
def colleague(service: Service) -> credentials.Credentials:
    """Another source of the service's own agency."""
    store = Store(service.settings.store_url)
    made = credentials.add_source(store, "renfrewshire-education", AGENCY, DEFAULT_SCOPES)
    store.close()
    return made


def test_what_is_about_a_child_whose_identity_changed_is_its_own_sources_alone(
    service: Service, colleague: credentials.Credentials
) -> None:
    def statuses(client: credentials.Credentials, child: str) -> set[int]:
        records = (service.url("children", child), service.url("referrals", f"of-{child}"))
        paths = (f"{record}{more}" for record in records for more in ("", "/versions", "/versions/1"))
        return {service.http.get(path, headers=service.headers(client)).status_code for path in paths}

    for child, identity_change in (("open-child", None), ("sealed-child", "adoption")):
        told = {"chi": None, "scn": None, "identity_change": identity_change}
        service.put("children", child, changed("children", told))
        service.put("referrals", f"of-{child}", changed("referrals", {"child": child}))
    assert statuses(colleague, "open-child") == {200} == statuses(service.owner, "sealed-child")
    assert statuses(colleague, "sealed-child") == {404}
    retractions = f"{service.url('referrals', 'of-sealed-child')}/retractions"
    service.http.post(retractions, json={"reason": "entered-in-error"}, headers=service.headers())
    assert statuses(colleague, "sealed-child") == {404}


def test_every_answer_carries_its_request_id_and_is_not_stored(service: Service) -> None:
    for path in ("/healthz", "/nowhere", f"/v1/sources/{SOURCE}/referrals/x"):
        answer = service.http.get(path, headers={"X-Request-ID": "my-own-id"})
        assert answer.headers["x-request-id"] == "my-own-id"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
