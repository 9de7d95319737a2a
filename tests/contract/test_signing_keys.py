"""Kith's own signing keys: rotated with overlap, or at once; and kept to themselves."""

from collections.abc import Iterator

import httpx
import jwt
import pytest
from sqlalchemy import text

from services.access import signing, tokens
from services.store import sources
from services.store.engine import Store
from tests.conftest import Service


@pytest.fixture(autouse=True)
def _read_again_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED_SECONDS", 0.0)


@pytest.fixture
def kept(service: Service) -> Iterator[Store]:
    store = Store(service.settings.store_url)
    yield store
    store.close()


def key_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def called(service: Service, token: str) -> httpx.Response:
    return service.http.get("/v1/quality/findings", headers={"Authorization": f"Bearer {token}"})


def test_after_a_rotation_the_new_key_signs_and_former_tokens_are_good(service: Service, kept: Store) -> None:
    before = service.token()
    key_id = signing.rotate(kept)
    after = service.token()
    assert (key_of(after), key_of(before) == key_id) == (key_id, False)
    assert [called(service, one).status_code for one in (before, after)] == [200, 200]


def test_a_former_key_is_good_no_longer_than_its_tokens(service: Service, kept: Store) -> None:
    before = service.token()
    signing.rotate(kept)
    with kept.writing() as connection:
        minutes = (
            "datetime('now', '-1 minutes')" if connection.dialect.name == "sqlite" else "now() - interval '1 minute'"
        )
        connection.execute(text(f"UPDATE signing_key SET expires_at = {minutes} WHERE expires_at IS NOT NULL"))
    assert called(service, before).status_code == 401
    assert called(service, service.token()).status_code == 200


def test_a_key_that_others_know_ends_at_once(service: Service, kept: Store) -> None:
    """But for what a process remembers, a minute at most."""
    token = service.token()
    assert called(service, token).status_code == 200
    signing.rotate(kept, at_once=True)
    assert called(service, token).status_code == 401
    assert called(service, service.token()).status_code == 200


def test_what_must_stay_secret_is_not_shown_by_accident(service: Service, kept: Store) -> None:
    with kept.reading() as connection:
        (client,) = sources.clients(connection, "renfrewshire-social-work")
        keys = sources.signing_keys(connection)
    shown = repr([client, keys, service.owner])
    assert "secret" not in shown and "salt" not in shown
