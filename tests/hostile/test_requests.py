"""A hostile target, header, method or login is a problem with a status of its own; a slow body is cut off."""

import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from services.api import requests as api_requests
from tests.conftest import SOURCE, Service
from tests.examples import example
from tests.hostile.asking import JSON, MIB, NDJSON, OWN, put, sent, sound
from tests.hostile.requests import AUTHORISATIONS, BASICS, FORMS, HEADERS, IF_MATCHES, METHODS, TARGETS
from tests.hostile.wire import Answer, exchange, request

pytestmark = pytest.mark.usefixtures("goes_on")
FORM = "application/x-www-form-urlencoded"


def asked(service: Service, *sent: str | dict[str, str] | bytes) -> Answer:
    return exchange(str(service.http.base_url), request(*sent))  # type: ignore[arg-type]


def refused_or_sound(answer: Answer, name: str) -> None:
    """Sound; or refused in plain text before it was a request at all, and the connection closed."""
    if not (answer.status == 400 and answer.headers.get("connection") == "close" and b"Invalid HTTP" in answer.body):
        sound(answer, name)


@pytest.mark.parametrize("name", TARGETS)
def test_a_hostile_target_is_no_error_of_ours(service: Service, token: str, name: str) -> None:
    for headers in ({}, {"Authorization": token}):
        answer = asked(service, "GET", TARGETS[name].format(source=OWN), headers)
        if not TARGETS[name].startswith(("/problems", "//", "http:", "/v1/rules#")):
            assert answer.status in (400, 401, 404, 405, 200), (name, answer.status)
        refused_or_sound(answer, name)
        assert b"root:" not in answer.body and "set-cookie" not in answer.headers


@pytest.mark.parametrize("name", TARGETS)
def test_a_hostile_target_of_a_put_is_no_error_of_ours(service: Service, token: str, name: str) -> None:
    headers = {"Authorization": token, "Content-Type": JSON}
    answer = asked(service, "PUT", TARGETS[name].format(source=OWN), headers, json.dumps(example("referrals")).encode())
    refused_or_sound(answer, name)


@pytest.mark.parametrize("name", HEADERS)
def test_a_hostile_header_is_no_error_of_ours(service: Service, token: str, name: str) -> None:
    for target in ("/healthz", "/v1/rules/RF03", "/docs", f"{OWN}/referrals/good"):
        refused_or_sound(asked(service, "GET", target, {"Authorization": token, **HEADERS[name]}), name)


@pytest.mark.parametrize("name", AUTHORISATIONS)
def test_a_token_that_is_none_is_unauthorised(service: Service, name: str) -> None:
    headers = {"Authorization": AUTHORISATIONS[name], "Content-Type": JSON}
    for method, target in (("GET", "referrals/good"), ("PUT", "referrals/good"), ("POST", "batches")):
        assert sound(asked(service, method, f"{OWN}/{target}", headers, b"{}"), name).status == 401


def test_two_tokens_are_no_way_in(service: Service, token: str) -> None:
    twice = request("GET", f"{OWN}/referrals/none", {"Authorization": "Bearer x\r\nAuthorization: " + token})
    assert sound(exchange(str(service.http.base_url), twice)).status in (400, 401)


@pytest.mark.parametrize("name", BASICS)
def test_a_client_that_is_none_is_unauthorised(service: Service, name: str) -> None:
    headers = {"Authorization": BASICS[name], "Content-Type": FORM}
    answer = asked(service, "POST", "/oauth/token", headers, b"grant_type=client_credentials")
    assert sound(answer, name).status == 401


@pytest.mark.parametrize("name", FORMS)
def test_a_hostile_form_gives_no_token(service: Service, name: str) -> None:
    answer = asked(service, "POST", "/oauth/token", {"Authorization": "Basic eDp5", "Content-Type": FORM}, FORMS[name])
    assert sound(answer, name).status in (400, 401, 413)


@pytest.mark.parametrize("given", IF_MATCHES, ids=lambda given: repr(given[:10]))
def test_an_if_match_that_names_no_version_is_refused(service: Service, token: str, given: str) -> None:
    headers = {"Authorization": token, "Content-Type": JSON, "If-Match": given}
    answer = asked(service, "PUT", f"{OWN}/referrals/good", headers, json.dumps(example("referrals")).encode())
    assert sound(answer).status == (412 if given == '"0"' else 400)


@pytest.mark.parametrize("method", METHODS)
def test_another_method_is_refused(service: Service, token: str, method: str) -> None:
    for target in ("/healthz", f"{OWN}/referrals/good", "/oauth/token"):
        answer = asked(service, method, target, {"Authorization": token, "Connection": "close"})
        assert 400 <= answer.status < 500, (method, answer.status)


def trickle(head: bytes, piece: bytes, pieces: int, every: float = 0.0) -> Iterator[bytes]:
    """A request whose body comes in chunks and does not end."""
    yield head + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(pieces):
        time.sleep(every)
        yield b"%x\r\n%b\r\n" % (len(piece), piece)


def slowly(whole: bytes) -> Iterator[bytes]:
    """A request in pieces of 8 KiB, ten a second."""
    for start in range(0, len(whole), 8_192):
        time.sleep(0.1)
        yield whole[start : start + 8_192]


def head(token: str, method: str, target: str, kind: str) -> bytes:
    return request(method, target, {"Authorization": token, "Content-Type": kind}).removesuffix(b"\r\n")


def test_an_endless_body_is_cut_off_soon_after_the_limit(service: Service, token: str) -> None:
    for start, limit in (
        (head(token, "PUT", f"{OWN}/referrals/endless", JSON), MIB),
        (head(token, "POST", f"{OWN}/batches", NDJSON), 32 * MIB),
    ):
        answer = sound(exchange(str(service.http.base_url), trickle(start, b" " * 65_536, 3_200)))
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert answer.sent < limit + 16 * MIB


def test_a_body_that_lags_is_cut_off(service: Service, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_requests, "PATIENCE_SECONDS", 0.5)
    start = head(token, "PUT", f"{OWN}/referrals/slow", JSON)
    answer = sound(exchange(str(service.http.base_url), trickle(start, b" ", 100, every=0.1)))
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert 0.4 < answer.seconds < 5 and answer.json()["retryable"]


def test_a_large_body_that_keeps_coming_has_time(service: Service, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_requests, "PATIENCE_SECONDS", 0.3)
    headers = {"Authorization": token, "Content-Type": JSON}
    body = json.dumps(example("referrals")).encode() + b" " * 65_536
    whole = request("PUT", f"{OWN}/referrals/steady", headers, body)
    assert sound(exchange(str(service.http.base_url), slowly(whole))).status == 201


def test_a_body_shorter_than_it_said_is_cut_off(service: Service, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_requests, "PATIENCE_SECONDS", 0.5)
    headers = {"Authorization": token, "Content-Type": JSON, "Content-Length": "1000"}
    assert sound(asked(service, "PUT", f"{OWN}/referrals/short", headers, b"{}")).status == 408


def test_a_body_longer_than_it_said_is_taken_as_said(service: Service, token: str) -> None:
    headers = {"Authorization": token, "Content-Type": JSON, "Content-Length": "2"}
    refused_or_sound(asked(service, "PUT", f"{OWN}/referrals/long", headers, b'{}{"a":1}'), "longer")
    assert service.get(f"{OWN}/referrals/long").status_code == 404


def test_a_connection_that_drops_in_mid_body_is_no_error_of_ours(service: Service, token: str) -> None:
    place = urlsplit(str(service.http.base_url))
    before = service.http.get("/metrics").text
    for _ in range(20):
        with socket.create_connection((place.hostname, place.port)) as connection:
            connection.sendall(head(token, "PUT", f"{OWN}/referrals/dropped", JSON) + b"Content-Length: 99\r\n\r\n{")
    assert put(service, token, "referrals", b"{}").status == 422
    assert service.http.get("/metrics").text.count('status="500"') == before.count('status="500"')


def test_a_refused_body_is_not_waited_for(service: Service) -> None:
    start = head("Bearer x", "POST", f"/v1/sources/{SOURCE}/batches", NDJSON)
    answer = sound(exchange(str(service.http.base_url), trickle(start, b" " * 65_536, 3_200)), seconds=5)
    assert (answer.status, answer.headers["connection"]) == (401, "close")


def test_an_answered_body_leaves_the_connection_open(service: Service, token: str) -> None:
    answer = sent(service, token, f"{OWN}/referrals/open", json.dumps(example("referrals")).encode(), method="PUT")
    assert answer.status == 201 and "connection" not in answer.headers
