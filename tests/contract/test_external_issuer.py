"""Tokens of an external issuer, whose keys come from a real server of JSON Web Key Sets."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest

from services.access import credentials
from services.access.key_set import BETWEEN_FETCHES_SECONDS, GOOD_SECONDS, REFETCHED_SECONDS, KeySet
from services.access.scopes import DEFAULT_SCOPES
from services.errors import Unavailable
from services.settings import Settings
from services.store.engine import Store
from tests.conftest import AGENCY, Service, migrated, new_store, serving
from tests.signing import ALGORITHM, jwk, private_key

ISSUER, AUDIENCE, CLIENT = "https://login.example/tenant", "https://kith.example", "0c2d-at-the-issuer"


@dataclass
class Issuer:
    """A server of keys that can be changed, and be out of order; and how often it was asked."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk("rsa", kid="first")])
    status: int = 200
    asked: int = 0
    address: str = ""


@contextmanager
def running(issuer: Issuer) -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            self.send_response(issuer.status)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": issuer.keys}).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    issuer.address = f"http://127.0.0.1:{server.server_port}/keys"
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running(Issuer()) as made:
        yield made


@pytest.fixture(scope="module")
def trusted_issuer() -> Iterator[Issuer]:
    with running(Issuer()) as made:
        yield made


def trusting(settings: Settings, keys: str) -> Settings:
    told = {"issuer": ISSUER, "issuer_audience": AUDIENCE, "issuer_keys": keys, "issuer_client_claim": "azp"}
    return settings.model_copy(update=told)


@pytest.fixture(scope="module")
def trusted(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, trusted_issuer: Issuer
) -> Iterator[Service]:
    """A service that trusts the issuer, with a source whose client the issuer knows."""
    with new_store(database, request, tmp_path_factory.mktemp("trusted"), "trusted") as made:
        with serving(trusting(made, trusted_issuer.address)) as service:
            register(made)
            yield service


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    """A store for what is the same on both databases."""
    return migrated(Settings(home=tmp_path, database_url=""))


def register(settings: Settings, issuer: str = ISSUER, client_id: str = CLIENT, source: str = "of-the-issuer") -> None:
    store = Store(settings.store_url)
    proof = credentials.by_issuer(issuer, client_id)
    credentials.add_source(store, source, AGENCY, DEFAULT_SCOPES, proof=proof)
    store.close()


def token(kind: str = "rsa", algorithm: str = "", number: int = 0, kid: str = "first", **claims: Any) -> str:
    """A good token of the issuer, but for what is said otherwise; a claim of None is left out."""
    said = {"iss": ISSUER, "aud": AUDIENCE, "azp": CLIENT, "exp": int(time.time()) + 300} | claims
    said = {name: value for name, value in said.items() if value is not None}
    body, key = json.dumps(said).encode(), private_key(kind, number)
    return jwt.api_jws.encode(body, key, algorithm or ALGORITHM[kind], headers={"kid": kid})


def calls(service: Service, bearer: str, path: str = "/v1/quality/findings") -> int:
    return service.http.get(path, headers={"Authorization": f"Bearer {bearer}"}).status_code


def test_a_token_of_the_issuer_opens_what_its_registered_client_may(trusted: Service, trusted_issuer: Issuer) -> None:
    asked = trusted_issuer.asked
    assert [calls(trusted, token()) for _ in range(3)] == [200, 200, 200]
    assert trusted_issuer.asked <= asked + 1


def test_the_scopes_are_those_granted_here_narrowed_by_the_token(trusted: Service) -> None:
    narrow = token(scope="openid changes.read audit.read")
    assert calls(trusted, narrow, "/v1/changes") == 200
    assert calls(trusted, narrow) == 403


def test_revocation_here_is_effective_on_the_next_request(trusted: Service) -> None:
    register(trusted.settings, client_id="soon-revoked", source="soon-revoked")
    bearer = token(azp="soon-revoked")
    assert calls(trusted, bearer) == 200
    store = Store(trusted.settings.store_url)
    credentials.revoke(store, "soon-revoked")
    store.close()
    assert calls(trusted, bearer) == 401


LONG_AGO, FAR_OFF = 1_577_836_800, 4_102_444_800
"""The beginnings of 2020 and of 2100, in seconds since 1970."""
WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "of another issuer": {"iss": "https://elsewhere.example"},
    "of nobody": {"iss": None},
    "whose issuer is no text": {"iss": ["https://login.example/tenant"]},
    "for another service": {"aud": "https://elsewhere.example"},
    "for nobody": {"aud": None},
    "ended": {"exp": LONG_AGO},
    "without an end": {"exp": None},
    "good only later": {"nbf": FAR_OFF},
    "of a client not registered": {"azp": "somebody"},
    "of no client": {"azp": None},
    "whose client is no text": {"azp": [CLIENT]},
    "with a NUL": {"azp": "a\0b"},
    "whose scopes are no text": {"scope": ["quality.read"]},
}


def test_a_token_is_refused_that_is_not_as_it_should_be(trusted: Service) -> None:
    answers = {name: calls(trusted, token(**claims)) for name, claims in WRONG_CLAIMS.items()}
    assert answers == dict.fromkeys(WRONG_CLAIMS, 401)


def test_a_token_not_signed_with_a_published_key_is_refused(plain: Settings, issuer: Issuer) -> None:
    others = jwk("rsa", 2, kid="for something else", use="enc"), jwk("rsa", 3, kid="of one algorithm", alg="PS256")
    issuer.keys += [*others, {"kty": "oct", "kid": "shared", "k": "c2hhcmVkLXNlY3JldC1zaGFyZWQtc2VjcmV0LXNoYXJlZA"}]
    claims = jwt.decode(token(), options={"verify_signature": False})
    forged = {
        "another key": token(number=1),
        "another kind of key": token("ec"),
        "an algorithm outside the list": token(algorithm="RS512"),
        "a key for something else": token(number=2, kid="for something else"),
        "a key for another algorithm": token(number=3, kid="of one algorithm"),
        "a shared key": jwt.encode(claims, b"shared-secret-shared-secret-shared", "HS256", {"kid": "shared"}),
        "no key": jwt.encode(claims, "", "none", {"kid": "first"}),
    }
    with serving(trusting(plain, issuer.address)) as service:
        register(plain)
        assert {name: calls(service, one) for name, one in forged.items()} == dict.fromkeys(forged, 401)
        assert calls(service, token(algorithm="PS256", number=3, kid="of one algorithm")) == 200


def test_a_client_of_the_issuer_gets_no_token_here_and_no_other_is_taken_for_one(trusted: Service) -> None:
    form = {"grant_type": "client_credentials"}
    assert trusted.http.post("/oauth/token", data=form, auth=(CLIENT, "")).status_code == 401
    assert calls(trusted, token(azp=trusted.owner.client_id)) == 401
    assert trusted.get("/v1/quality/findings").status_code == 200


def test_a_client_of_a_former_issuer_is_a_stranger(trusted: Service) -> None:
    register(trusted.settings, "https://former.example", "of-the-former", "of-the-former")
    assert calls(trusted, token(azp="of-the-former")) == 401


def test_keys_that_cannot_be_fetched_are_not_the_clients_fault(plain: Settings, issuer: Issuer) -> None:
    issuer.status = 500
    with serving(trusting(plain, issuer.address)) as service:
        register(plain)
        assert calls(service, token()) == 503
        assert service.get("/v1/quality/findings").status_code == 200


def test_without_an_issuer_its_tokens_are_nobodys(plain: Settings) -> None:
    with serving(plain) as service:
        register(plain)
        assert calls(service, token()) == 401


def test_keys_may_be_in_a_file(plain: Settings) -> None:
    path = plain.home / "keys.json"
    path.write_text(json.dumps({"keys": [jwk("ed25519", kid="first")]}), encoding="utf-8")
    with serving(trusting(plain, str(path))) as service:
        register(plain)
        assert calls(service, token("ed25519")) == 200


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_new_key_is_fetched_when_it_is_met_but_not_for_every_unknown_one(issuer: Issuer, clock: Clock) -> None:
    keys = KeySet(issuer.address, clock)
    assert keys.find("first")
    issuer.keys.append(jwk("ec", kid="second"))
    assert [keys.find(name) for name in ("second", "third", None)] == [None, None, None]
    assert issuer.asked == 1
    clock.now += BETWEEN_FETCHES_SECONDS
    assert keys.find("second")
    assert not any(keys.find(f"unknown-{number}") for number in range(20))
    assert issuer.asked == 2


def test_a_key_withdrawn_is_good_no_longer_after_a_while(issuer: Issuer, clock: Clock) -> None:
    keys = KeySet(issuer.address, clock)
    assert keys.find("first")
    issuer.keys = [jwk("ec", kid="second")]
    clock.now += REFETCHED_SECONDS + 1
    assert keys.find("first") is None


@pytest.mark.parametrize("broken", [{"status": 503}, {"keys": []}, {"keys": "none"}, {"keys": [7]}])
def test_keys_are_good_for_a_day_where_they_cannot_be_fetched_anew(
    issuer: Issuer, clock: Clock, broken: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    keys = KeySet(issuer.address, clock)
    assert keys.find("first")
    for name, value in broken.items():
        setattr(issuer, name, value)
    assert caplog.text == ""
    clock.now += GOOD_SECONDS - 1
    assert keys.find("first") and issuer.asked == 2
    assert keys.find("first") and issuer.asked == 2
    assert "not fetched anew" in caplog.text
    clock.now += BETWEEN_FETCHES_SECONDS
    with pytest.raises(Unavailable):
        keys.find("first")
