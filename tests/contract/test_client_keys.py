"""private_key_jwt: a client that signs instead of sending a secret."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from sqlalchemy import text

from services.access import credentials
from services.access.assertions import LEEWAY, LONGEST
from services.access.scopes import DEFAULT_SCOPES
from services.settings import Settings
from services.store import assertions
from services.store.engine import Store
from services.store.tables import UsedAssertion
from tests.conftest import AGENCY, Service, listening, migrated, serving
from tests.signing import ALGORITHM, private_key, public_pem

AUDIENCE = "/oauth/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KINDS = ("rsa", "ec", "ed25519")


def registered(settings: Settings, source: str, kind: str = "ec") -> str:
    """The id of the client of a new source that has a key of that kind, and no secret."""
    store = Store(settings.store_url)
    proof = credentials.by_public_key(public_pem(kind))
    made = credentials.add_source(store, source, AGENCY, DEFAULT_SCOPES, proof=proof)
    store.close()
    assert made.client_secret == ""
    return made.client_id


@pytest.fixture(scope="module")
def clients(service: Service) -> dict[str, str]:
    """A client of each kind of key, by the kind."""
    return {kind: registered(service.settings, f"signs-with-{kind}", kind) for kind in KINDS}


@pytest.fixture(autouse=True)
def _nothing_fails(service: Service) -> Iterator[None]:
    before = failures(service)
    yield
    assert failures(service) == before


def failures(service: Service) -> list[str]:
    """What the metrics say of requests that failed; other tests of this process may have let some."""
    return [line for line in service.http.get("/metrics").text.splitlines() if 'status="500"' in line]


def assertion(client_id: str, kind: str = "ec", algorithm: str = "", key: Any = None, **claims: Any) -> str:
    """A good assertion, but for what is said otherwise; a claim of None is left out."""
    said = {"iss": client_id, "sub": client_id, "aud": AUDIENCE, "exp": int(time.time()) + 60, "jti": uuid4().hex}
    said |= claims
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key or private_key(kind), algorithm or ALGORITHM[kind])


def ask(http: httpx.Client, signed: str, **more: Any) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
    return http.post("/oauth/token", data=form | more)


@pytest.mark.parametrize(("kind", "algorithm"), [*ALGORITHM.items(), ("rsa", "PS256")])
def test_a_client_that_signs_with_its_key_gets_a_token(
    service: Service, clients: dict[str, str], kind: str, algorithm: str
) -> None:
    answer = ask(service.http, assertion(clients[kind], kind, algorithm))
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert service.http.get("/v1/quality/findings", headers=headers).status_code == 200


@pytest.mark.parametrize("narrowed", [{"scope": "records.read"}, {"client_id": ""}])
def test_the_form_says_the_rest(service: Service, clients: dict[str, str], narrowed: dict[str, str]) -> None:
    named = {name: value or clients["ec"] for name, value in narrowed.items()}
    answer = ask(service.http, assertion(clients["ec"]), **named)
    assert answer.json().get("scope", "").startswith("records."), answer.text


def test_a_token_of_a_client_with_a_key_dies_with_it(service: Service) -> None:
    client_id = registered(service.settings, "soon-revoked")
    token = ask(service.http, assertion(client_id)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert service.http.get("/v1/quality/findings", headers=headers).status_code == 200
    store = Store(service.settings.store_url)
    credentials.revoke(store, "soon-revoked")
    store.close()
    assert service.http.get("/v1/quality/findings", headers=headers).status_code == 401
    assert ask(service.http, assertion(client_id)).status_code == 401


now = int(time.time())
AHEAD, APART = int(LONGEST.total_seconds()), int(LEEWAY.total_seconds())
WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "by another": {"iss": "somebody"},
    "about another": {"sub": "somebody"},
    "by nobody": {"iss": None},
    "for another service": {"aud": "https://elsewhere.example/oauth/token"},
    "for this service and another": {"aud": [AUDIENCE, "https://elsewhere.example/oauth/token"]},
    "for nobody": {"aud": None},
    "ended": {"exp": now - APART - 60},
    "without an end": {"exp": None},
    "whose end is no number": {"exp": "soon"},
    "whose end never comes": {"exp": float("inf")},
    "good for too long": {"exp": now + AHEAD + APART + 600},
    "good for ever": {"exp": 10**30},
    "signed in the future": {"iat": now + APART + 600},
    "good only later": {"nbf": now + APART + 600},
    "without a jti": {"jti": None},
    "with a jti that is no text": {"jti": 7},
    "with an empty jti": {"jti": ""},
    "with a very long jti": {"jti": "j" * 256},
    "with a NUL in its jti": {"jti": "a\0b"},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
def test_an_assertion_is_refused_that_is(service: Service, clients: dict[str, str], claims: dict[str, Any]) -> None:
    answer = ask(service.http, assertion(clients["ec"], **claims))
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unknown-client"), answer.text


def test_an_assertion_by_a_clock_a_little_apart_is_good(service: Service, clients: dict[str, str]) -> None:
    late = int(time.time())
    claims: dict[str, Any] = {"iat": late + APART // 2, "nbf": late + APART // 2, "exp": late + AHEAD + APART // 2}
    assert ask(service.http, assertion(clients["ec"], **claims)).status_code == 200


@pytest.mark.parametrize(("kind", "algorithm"), [("rsa", "RS384"), ("rsa", "RS512"), ("rsa", "PS512"), ("rsa", "none")])
def test_an_algorithm_outside_the_list_is_refused(
    service: Service, clients: dict[str, str], kind: str, algorithm: str
) -> None:
    key = "" if algorithm == "none" else private_key(kind)
    signed = assertion(clients[kind], kind, algorithm, key) if key else unsigned(clients[kind])
    assert ask(service.http, signed).status_code == 401


def unsigned(client_id: str) -> str:
    return jwt.encode(jwt.decode(assertion(client_id), options={"verify_signature": False}), "", "none")


@pytest.mark.parametrize(("kind", "other"), [("rsa", "ec"), ("ec", "rsa"), ("ec", "ed25519"), ("ed25519", "ec")])
def test_a_signature_of_another_kind_of_key_is_refused(
    service: Service, clients: dict[str, str], kind: str, other: str
) -> None:
    assert ask(service.http, assertion(clients[kind], other)).status_code == 401


def test_a_signature_of_another_key_is_refused(service: Service, clients: dict[str, str]) -> None:
    assert ask(service.http, assertion(clients["ec"], key=private_key("ec", 1))).status_code == 401


@pytest.mark.parametrize("kind", KINDS)
def test_a_public_key_is_no_shared_secret(service: Service, clients: dict[str, str], kind: str) -> None:
    """The classic forgery: the client's public key, which anybody may know, taken as the key of an HMAC."""
    claims = jwt.decode(assertion(clients[kind], kind), options={"verify_signature": False})
    pem = public_pem(kind).encode()
    forged = jwt.api_jws.PyJWS()
    hmac = forged._algorithms["HS256"]
    head, body = (jwt.utils.base64url_encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    signature = jwt.utils.base64url_encode(hmac.sign(head + b"." + body, pem))
    assert ask(service.http, b".".join((head, body, signature)).decode()).status_code == 401


def test_an_assertion_is_good_once(service: Service, clients: dict[str, str]) -> None:
    signed = assertion(clients["ec"])
    assert [ask(service.http, signed).status_code for _ in range(3)] == [200, 401, 401]


def test_a_jti_is_a_clients_own(service: Service, clients: dict[str, str]) -> None:
    answers = [ask(service.http, assertion(clients[kind], kind, jti="the-same")) for kind in KINDS]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_of_two_services_over_one_store_one_accepts_an_assertion(service: Service, clients: dict[str, str]) -> None:
    with listening(service.settings) as second, httpx.Client(base_url=second, timeout=60) as other:
        for _ in range(3):
            signed = assertion(clients["ec"])
            with ThreadPoolExecutor(4) as askers:
                answers = list(askers.map(lambda http, it=signed: ask(http, it), [service.http, other] * 2))
            assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


def test_assertions_are_forgotten_once_they_have_ended(store: Store) -> None:
    began = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    for minute in range(5):
        at = began + timedelta(minutes=minute)
        used = UsedAssertion(client_id="a-client", jti=str(minute), kept_until=at + timedelta(seconds=90))
        with store.writing() as connection:
            assert assertions.use(connection, used, at)
            assert not assertions.use(connection, used, at)
    with store.reading() as connection:
        assert connection.execute(text("SELECT jti FROM used_assertion ORDER BY jti")).scalars().all() == ["3", "4"]


def test_with_a_public_address_an_assertion_is_for_it(tmp_path: Path) -> None:
    with serving(migrated(Settings(home=tmp_path, database_url="", public_url="https://kith.example/"))) as service:
        client_id = registered(service.settings, "signs")
        audiences = ("https://kith.example/oauth/token", "https://kith.example", ["https://kith.example"], AUDIENCE)
        answers = [ask(service.http, assertion(client_id, aud=one)).status_code for one in audiences]
        assert answers == [200, 200, 200, 401]


def test_a_client_has_a_secret_or_a_key(service: Service, clients: dict[str, str]) -> None:
    form = {"grant_type": "client_credentials"}
    assert service.http.post("/oauth/token", data=form, auth=(clients["ec"], "")).status_code == 401
    assert ask(service.http, assertion(service.owner.client_id)).status_code == 401


WRONG_FORMS: dict[str, dict[str, Any]] = {
    "another type": {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
    "another grant": {"grant_type": "password"},
    "two assertions": {"client_assertion": ["a.b.c", "d.e.f"]},
}


@pytest.mark.parametrize("form", WRONG_FORMS.values(), ids=WRONG_FORMS.keys())
def test_a_form_that_is_not_well_formed_is_refused(
    service: Service, clients: dict[str, str], form: dict[str, Any]
) -> None:
    assert ask(service.http, assertion(clients["ec"]), **form).status_code == 400


def test_a_client_proves_itself_in_one_way(service: Service, clients: dict[str, str]) -> None:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
    auth = (service.owner.client_id, service.owner.client_secret)
    answer = service.http.post("/oauth/token", data=form | {"client_assertion": assertion(clients["ec"])}, auth=auth)
    assert answer.status_code == 400


def test_the_form_names_no_other_client(service: Service, clients: dict[str, str]) -> None:
    assert ask(service.http, assertion(clients["ec"]), client_id=clients["rsa"]).status_code == 401


DEEP = "[" * 5000
NOT_ASSERTIONS = (
    "",
    "a",
    "a.b.c",
    "..",
    "é.é.é",
    "\0",
    ".".join([jwt.utils.base64url_encode(DEEP.encode()).decode()] * 2),
)


@pytest.mark.parametrize("signed", NOT_ASSERTIONS, ids=range(len(NOT_ASSERTIONS)))
def test_what_is_no_assertion_is_refused(service: Service, signed: str) -> None:
    assert ask(service.http, signed).status_code == 401
