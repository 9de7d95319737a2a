"""Retractions: taken back, again, merged, revived; on both databases over HTTP."""

from typing import Any

import httpx
import pytest

from tests.conftest import SOURCE, Service
from tests.examples import changed, example

REASON = {"reason": "entered-in-error"}
UNKNOWN = {"chi": None, "scn": None}


def retract(service: Service, segment: str, source_id: str, **body: Any) -> httpx.Response:
    url = f"{service.url(segment, source_id)}/retractions"
    return service.http.post(url, json=body, headers=service.headers(None, Content_Type="application/json"))


def at(day: int) -> str:
    return f"2025-04-{day:02}T09:00:00+01:00"


def put_at(service: Service, source_id: str, day: int) -> httpx.Response:
    return service.put("referrals", source_id, changed("referrals", {"recorded_at": at(day)}))


def test_a_retracted_record_is_gone_and_its_versions_are_kept(service: Service) -> None:
    service.put("referrals", "gone", example("referrals"))
    answer = retract(service, "referrals", "gone", **REASON, note="Wrong family.")
    assert (answer.status_code, answer.json()["result"], answer.headers["kith-result"]) == (
        201,
        "retracted",
        "retracted",
    )
    assert service.get(service.url("referrals", "gone")).status_code == 410
    versions = service.get(f"{service.url('referrals', 'gone')}/versions").json()["items"]
    assert [one["op"] for one in versions] == ["put", "retract"]
    assert service.get(f"{service.url('referrals', 'gone')}/versions/1").json()["record"] == example("referrals")
    assert (
        service.get(f"{service.url('referrals', 'gone')}/versions/2").json()["retraction"]["reason"]
        == "entered-in-error"
    )


def test_again_is_200_and_an_unknown_key_404(service: Service) -> None:
    service.put("referrals", "again", example("referrals"))
    assert [retract(service, "referrals", "again", **REASON).status_code for _ in range(2)] == [201, 200]
    assert retract(service, "referrals", "never-posted", **REASON).status_code == 404


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"reason": "a-mistake"}, "SH07"),
        ({}, "SH02"),
        ({"reason": "merged"}, "SH10"),
        ({"reason": "duplicate", "replaced_by": "other"}, "SH10"),
        ({**REASON, "recorded_at": "2199-01-01T00:00:00Z"}, "SH08"),
    ],
)
def test_a_retraction_that_makes_no_sense_is_refused(service: Service, body: dict[str, Any], rule: str) -> None:
    service.put("referrals", "kept", example("referrals"))
    answer = retract(service, "referrals", "kept", **body)
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, rule)
    assert service.get(service.url("referrals", "kept")).status_code == 200


def test_only_a_later_put_revives(service: Service) -> None:
    put_at(service, "revived", 1)
    retract(service, "referrals", "revived", **REASON, recorded_at=at(3))
    assert [put_at(service, "revived", day).status_code for day in (2, 3)] == [409, 409]
    answer = put_at(service, "revived", 4)
    assert (answer.status_code, answer.json()["result"]) == (201, "created")
    assert service.get(service.url("referrals", "revived")).status_code == 200


def test_a_retraction_older_than_the_record_is_stale(service: Service) -> None:
    put_at(service, "newer", 5)
    assert retract(service, "referrals", "newer", **REASON, recorded_at=at(4)).status_code == 409


def test_only_the_version_that_if_match_names_is_retracted(service: Service) -> None:
    for day in (1, 2):
        put_at(service, "matched", day)
    url = f"{service.url('referrals', 'matched')}/retractions"
    statuses = {}
    for version in ("1", "2"):
        headers = service.headers(None, Content_Type="application/json", If_Match=f'"{version}"')
        statuses[version] = service.http.post(url, json=REASON, headers=headers).status_code
    assert statuses == {"1": 412, "2": 201}


def test_dependants_of_a_retracted_child_wait_and_come_back(service: Service) -> None:
    service.put("children", "child-w", changed("children", UNKNOWN))
    service.put("referrals", "waits", changed("referrals", {"child": "child-w"}))
    before = service.get(service.url("referrals", "waits")).json()["child"]
    retract(service, "children", "child-w", **REASON)
    assert before and service.get(service.url("referrals", "waits")).json()["child"] is None
    service.put("children", "child-w", changed("children", UNKNOWN | {"recorded_at": "2026-11-24T00:00:00+14:00"}))
    revived = changed("children", UNKNOWN | {"recorded_at": _soon()})
    assert service.put("children", "child-w", revived).status_code == 201
    assert service.get(service.url("referrals", "waits")).json()["child"]


def _soon() -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC) + timedelta(minutes=5)).isoformat()


def test_dependants_of_a_merged_child_follow_it_now_and_later(service: Service) -> None:
    for one in ("m-1", "m-2", "m-3"):
        service.put("children", one, changed("children", UNKNOWN))
    service.put("referrals", "follows", changed("referrals", {"child": "m-1"}))
    retract(service, "children", "m-1", reason="merged", replaced_by="m-2")
    assert child(service, "referrals", "follows") == child(service, "children", "m-2")
    retract(service, "children", "m-2", reason="merged", replaced_by="m-3")
    assert child(service, "referrals", "follows") == child(service, "children", "m-3")
    known = changed("children", {"recorded_at": at(2), "chi": "1502123436", "date_of_birth": "2012-02-15", "scn": None})
    service.put("children", "m-4", known)
    service.put("children", "m-3", known | {"sex": "male"})
    assert (
        child(service, "children", "m-3") == child(service, "children", "m-4") == child(service, "referrals", "follows")
    )


def child(service: Service, segment: str, source_id: str) -> str | None:
    found: str | None = service.get(service.url(segment, source_id)).json()["child"]
    return found


def test_a_line_of_a_batch_may_retract(service: Service) -> None:
    put_at(service, "in-batch", 1)
    lines = (
        '{"family": "referrals", "source_id": "in-batch", "retract": {"reason": "withdrawn"}}\n'
        '{"family": "referrals", "source_id": "not-there", "retract": {"reason": "withdrawn"}}\n'
        '{"family": "referrals", "source_id": "in-batch", "retract": {"reason": "nonsense"}}\n'
    )
    headers = service.headers(None, Content_Type="application/x-ndjson")
    answer = service.http.post(f"/v1/sources/{SOURCE}/batches", content=lines, headers=headers)
    assert {name: count for name, count in answer.json()["counts"].items() if count} == {"retracted": 1, "rejected": 2}
    assert service.get(service.url("referrals", "in-batch")).status_code == 410
