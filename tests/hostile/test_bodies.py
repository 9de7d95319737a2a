"""A hostile body is a problem with a status of its own, on every route that writes; the service goes on."""

import gzip
import json
from functools import cache

import pytest

from schemas.registry import BY_NAME, FAMILIES
from services.intake import lines
from tests.conftest import Service
from tests.examples import changed, example
from tests.hostile.asking import JSON, MIB, NDJSON, OWN, put, sent, sound
from tests.hostile.bodies import FREE_TEXT, SECRET, STRANGE_TEXTS, WHOLE, bodies
from tests.hostile.requests import CONTENT_LENGTHS, CONTENT_TYPES
from tests.hostile.wire import exchange, request

pytestmark = pytest.mark.usefixtures("goes_on")


@cache
def cases(family: str) -> list[tuple[str, bytes]]:
    return [*bodies(family, example(family)), *WHOLE.items()]


@pytest.mark.parametrize("family", BY_NAME)
def test_a_hostile_record_is_a_problem_or_a_record(service: Service, token: str, family: str) -> None:
    for name, body in cases(family):
        answer = sound(put(service, token, BY_NAME[family].segment, body), name)
        assert answer.status in (200, 201, 409, 413, 422), (name, answer.status)


def test_a_hostile_record_that_is_only_validated_is_answered_alike(service: Service, token: str) -> None:
    for name, body in cases("referrals"):
        tried = sound(put(service, token, "referrals", body, "?validate=only"), name)
        assert tried.status in (200, 201, 409, 413, 422), (name, tried.status)


def test_a_hostile_line_costs_only_itself(service: Service, token: str) -> None:
    service.put("referrals", "good", example("referrals"))
    good = json.dumps({"family": "referrals", "source_id": "good", "record": example("referrals")}).encode()
    around = b'{"family":"children","source_id":"hostile-line","%b":%b}'
    hostile = [around % (member, body) for _, body in cases("children") for member in (b"record", b"retract")]
    posted = [good, *(line for line in hostile if b"\n" not in line), good]
    answer = sound(sent(service, token, f"{OWN}/batches", b"\n".join(posted), NDJSON), seconds=60)
    report = service.get(answer.json()["results_url"])
    results = [json.loads(one) for one in report.text.splitlines()]
    assert len(results) == len(posted) > 200 and SECRET not in report.text
    assert {results[0]["result"], results[-1]["result"]} == {"unchanged"}
    assert answer.json()["counts"]["rejected"] > 200


@pytest.mark.parametrize("name", WHOLE)
def test_a_hostile_batch_is_a_problem_or_a_report(service: Service, token: str, name: str) -> None:
    for query in ("", "?validate=only", "?atomic=true"):
        sound(sent(service, token, f"{OWN}/batches{query}", WHOLE[name], NDJSON), name)


def test_a_hostile_retraction_is_a_problem(service: Service, token: str) -> None:
    said = {"reason": "withdrawn", "note": SECRET, "recorded_at": "2025-01-01T00:00:00Z", "received_at": ""}
    for name, body in [*bodies("referrals", said), *WHOLE.items()]:
        answer = sound(sent(service, token, f"{OWN}/referrals/hostile-retraction/retractions", body), name)
        assert answer.status in (404, 413, 422), name


@pytest.mark.parametrize(
    "envelope",
    [
        rb'{"family":"\ud800","source_id":"a","record":{}}',
        rb'{"family":"children","source_id":"\ud800","record":{}}',
        rb'{"family":"children","source_id":"Moira Sampleton","record":{}}',
        rb'{"family":"children","source_id":"\u0000","retract":{"reason":"withdrawn"}}',
        rb'{"family":"children\u0000","source_id":1e300,"record":[]}',
        rb'{"\ud800":1,"\u0000":2,"":3}',
        b'{"family":["children"],"source_id":{},"record":{},"retract":{}}',
        b'{"family":"children","source_id":"' + b"x" * MIB + b'","record":{}}',
        b"{" + b",".join(b'"k%d":1' % number for number in range(60_000)) + b"}",
        b"[" * 1_000_000,
    ],
    ids=lambda envelope: repr(envelope[:60]),
)
def test_a_hostile_envelope_is_a_line_rejected(service: Service, token: str, envelope: bytes) -> None:
    answer = sound(sent(service, token, f"{OWN}/batches", envelope, NDJSON))
    assert answer.json()["counts"]["rejected"] == 1
    report = service.get(answer.json()["results_url"])
    assert len(report.content) < 100_000 and SECRET not in report.text
    assert json.loads(report.text)["errors"] and "\\ud800" not in report.text.split('"errors"')[0]


def test_a_record_of_very_many_problems_has_all_of_them_told_in_time(service: Service, token: str) -> None:
    body = json.dumps({f"k{number}": 1 for number in range(60_000)}).encode()
    errors = sound(put(service, token, "referrals", body)).json()["errors"]
    unknown = {error["pointer"] for error in errors if error["code"] == "unknown-field"}
    assert unknown == {f"/k{number}" for number in range(60_000)}
    assert {"/child", "/received_at"} <= {error["pointer"] for error in errors if error["code"] == "missing"}


def test_a_batch_of_very_many_problems_has_the_later_ones_told_in_short(
    service: Service, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_OF_A_BATCH", 50)
    line = json.dumps({"family": "referrals", "source_id": "x", "record": {f"k{number}": 1 for number in range(40)}})
    answer = sound(sent(service, token, f"{OWN}/batches", "\n".join([line] * 3).encode(), NDJSON))
    report = service.get(answer.json()["results_url"]).text.splitlines()
    told = [len(json.loads(one)["errors"]) for one in report]
    assert told[0] == told[1] > 40 and told[2] == 1


@pytest.mark.parametrize("content_type", CONTENT_TYPES, ids=repr)
def test_another_content_type_is_refused(service: Service, token: str, content_type: str) -> None:
    body = json.dumps(example("referrals")).encode()
    for target, method in (
        ("referrals/hostile", "PUT"),
        ("referrals/hostile/retractions", "POST"),
        ("batches", "POST"),
    ):
        answer = sound(sent(service, token, f"{OWN}/{target}", body, content_type, method))
        assert answer.status == 415, answer.body


def test_a_missing_content_type_is_refused(service: Service, token: str) -> None:
    sent_without = request("PUT", f"{OWN}/referrals/hostile", {"Authorization": token}, b"{}")
    assert sound(exchange(str(service.http.base_url), sent_without)).status == 415


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "x", "\xff"])
def test_a_compressed_body_is_refused_unread(service: Service, token: str, encoding: str) -> None:
    bomb = gzip.compress(b" " * (64 * MIB))
    headers = {"Authorization": token, "Content-Type": JSON, "Content-Encoding": encoding}
    answer = exchange(str(service.http.base_url), request("PUT", f"{OWN}/referrals/hostile", headers, bomb))
    assert sound(answer, seconds=5).status == 415


@pytest.mark.parametrize("length", CONTENT_LENGTHS, ids=lambda length: length[:10])
def test_a_content_length_that_is_none_is_refused(service: Service, token: str, length: str) -> None:
    headers = {"Authorization": token, "Content-Type": JSON, "Content-Length": length}
    answer = exchange(str(service.http.base_url), request("PUT", f"{OWN}/referrals/hostile", headers, b"{}"))
    assert 400 <= answer.status < 500 and answer.seconds < 5


def test_a_batch_of_one_line_too_many_is_refused(service: Service, token: str) -> None:
    for body in (b"x\n" * 10_001, b"\n" * (32 * MIB), b"\n" * 10_001 + b"x"):
        assert sound(sent(service, token, f"{OWN}/batches", body, NDJSON)).status == 413


def test_a_body_of_one_byte_too_many_is_refused(service: Service, token: str) -> None:
    assert sound(put(service, token, "referrals", b" " * (MIB + 1))).status == 413
    assert sound(sent(service, token, f"{OWN}/batches", b" " * (32 * MIB + 1), NDJSON)).status == 413


def test_a_line_of_32_mib_is_refused_without_being_parsed(service: Service, token: str) -> None:
    body = b"[" + b"[]," * (10 * MIB) + b"[]]"
    answer = sound(sent(service, token, f"{OWN}/batches", body, NDJSON), seconds=5)
    assert answer.json()["counts"]["rejected"] == 1


@pytest.mark.parametrize("name", STRANGE_TEXTS)
def test_a_strange_text_is_given_back_as_it_came(service: Service, name: str) -> None:
    for family in FAMILIES:
        record = changed(family.name, {FREE_TEXT[family.name]: STRANGE_TEXTS[name], "chi": None, "scn": None})
        source_id = "strange-" + name.replace(" ", "-")
        answer = service.put(family.segment, source_id, record)
        assert answer.status_code == 201, (name, answer.text)
        assert service.get(service.url(family.segment, source_id)).json()["record"] == record
