"""Tokens: who gets one, what it opens, when it ends."""

import httpx
import jwt
import pytest

from services.access import credentials
from services.settings import Settings
from services.store.engine import Store
from tests.conftest import SOURCE, Service, listening, serving

FORM = {"grant_type": "client_credentials"}


def test_a_client_gets_a_token_for_an_hour_with_all_its_scopes(service: Service) -> None:
    auth = (service.owner.client_id, service.owner.client_secret)
    answer = service.http.post("/oauth/token", data=FORM, auth=auth).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert set(answer["scope"].split()) == {"records.write", "records.read", "changes.read", "quality.read"}


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_a_wrong_secret_gets_none(service: Service, secret: str) -> None:
    answer = service.http.post("/oauth/token", data=FORM, auth=(service.owner.client_id, secret))
    assert answer.status_code == 401


def test_a_scope_not_granted_is_refused(service: Service) -> None:
    auth = (service.owner.client_id, service.owner.client_secret)
    assert service.http.post("/oauth/token", data=FORM | {"scope": "admin"}, auth=auth).status_code == 400


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_a_token_signed_in_another_way_is_refused(service: Service, algorithm: str) -> None:
    claims = jwt.decode(service.token(), options={"verify_signature": False})
    header = jwt.get_unverified_header(service.token())
    key = "" if algorithm == "none" else "a-guess-of-some-length-that-is-enough-for-the-algorithm-of-512-bits"
    forged = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": header["kid"]})
    answer = service.http.get("/v1/quality/findings", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401


def test_a_token_outlives_a_restart_and_dies_with_its_client(settings: Settings) -> None:
    with serving(settings) as first:
        token = first.token()
    with listening(settings) as address, httpx.Client(base_url=address) as http:
        headers = {"Authorization": f"Bearer {token}"}
        assert http.get("/v1/quality/findings", headers=headers).status_code == 200
        store = Store(settings.store_url)
        assert credentials.revoke(store, SOURCE) == 1
        store.close()
        assert http.get("/v1/quality/findings", headers=headers).status_code == 401


def test_a_revoked_source_begins_anew_with_new_credentials_only(settings: Settings) -> None:
    with serving(settings) as service:
        token = service.token()
        store = Store(settings.store_url)
        credentials.revoke(store, SOURCE)
        newer = credentials.rotate(store, SOURCE)
        store.close()
        assert service.token(newer)
        auth = (service.owner.client_id, service.owner.client_secret)
        assert service.http.post("/oauth/token", data=FORM, auth=auth).status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        assert service.http.get("/v1/quality/findings", headers=headers).status_code == 401


def test_after_a_rotation_both_secrets_are_good_for_a_while(settings: Settings) -> None:
    with serving(settings) as service:
        store = Store(settings.store_url)
        newer = credentials.rotate(store, "renfrewshire-social-work")
        store.close()
        assert service.token(newer)
        assert service.token()
