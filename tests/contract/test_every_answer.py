"""Whatever an answer says, it carries the headers of a serious API."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from services.errors import ALL
from services.settings import Settings
from services.store import feed
from services.store.engine import Store
from services.store.schema import migrate
from tests.conftest import SOURCE, Service, migrated, serving
from tests.examples import changed, example

URL = f"/v1/sources/{SOURCE}/children/every"
JSON = "application/json"


def put(service: Service, **headers: str) -> httpx.Response:
    return service.put("children", "every", example("children"), **headers)


def retract(service: Service) -> httpx.Response:
    put(service)
    return service.http.post(f"{URL}/retractions", headers=service.headers(), json={"reason": "duplicate"})


def older(service: Service) -> httpx.Response:
    put(service)
    return service.put("children", "every", changed("children", {"recorded_at": "2001-01-01T00:00:00Z"}))


def gone(service: Service) -> httpx.Response:
    retract(service)
    return service.get(URL)


def limited(service: Service) -> httpx.Response:
    return next(one for one in (service.get("/v1/changes") for _ in range(9000)) if one.status_code == 429)


ANSWERS: dict[str, Callable[[Service], httpx.Response]] = {
    "200": lambda service: service.http.get("/healthz"),
    "200 of a stream": lambda service: service.get(f"/v1/sources/{SOURCE}/receipts/2026-01-05"),
    "200 of a token": lambda service: service.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(service.owner.client_id, service.owner.client_secret),
    ),
    "200 of the documentation": lambda service: service.http.get("/docs"),
    "201": retract,
    "400": lambda service: service.get("/v1/changes?limit=x"),
    "400 of an address": lambda service: service.get("/v1/%00"),
    "401": lambda service: service.http.get("/v1/changes"),
    "401 of a secret": lambda service: service.http.post("/oauth/token", data={"grant_type": "client_credentials"}),
    "404": lambda service: service.get(URL + "-nothing"),
    "404 of an address": lambda service: service.http.get("/nowhere"),
    "405": lambda service: service.http.delete(URL),
    "409": older,
    "410": gone,
    "412": lambda service: put(service, If_Match='"999"'),
    "413": lambda service: service.put("children", "every", b"x" * 2**21),
    "415": lambda service: put(service, Content_Type="text/plain"),
    "422": lambda service: service.put("children", "every", {}),
}


def carries_them(answer: httpx.Response, status: str) -> None:
    assert answer.status_code == int(status[:3]), answer.text
    told = {name: answer.headers.get_list(name) for name in ("Cache-Control", "X-Content-Type-Options")}
    assert told == {"Cache-Control": ["no-store"], "X-Content-Type-Options": ["nosniff"]}
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"].startswith("default-src")
    assert len(answer.headers.get_list("X-Request-ID")) == 1
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["instance"] == f"urn:uuid:{answer.headers['X-Request-ID']}"


@pytest.mark.parametrize("status", ANSWERS)
def test_an_answer_carries_them(service: Service, status: str) -> None:
    carries_them(ANSWERS[status](service), status)


def test_a_403_carries_them(service: Service) -> None:
    token = service.token(scope="records.read")
    carries_them(service.http.get("/v1/changes", headers={"Authorization": f"Bearer {token}"}), "403")


def test_a_429_carries_them(tmp_path: Path) -> None:
    with serving(migrated(Settings(home=tmp_path, database_url="", rate_limit=1))) as service:
        carries_them(limited(service), "429")


def test_a_500_carries_them_and_tells_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a child's name")

    monkeypatch.setattr(feed, "page", fails)
    answer = service.get("/v1/changes")
    carries_them(answer, "500")
    assert "name" not in answer.text.replace('"name"', "")


def test_a_503_carries_them(tmp_path: Path) -> None:
    with serving(migrated(Settings(home=tmp_path, database_url=""))) as service:
        store = Store(service.settings.store_url, role=None)
        migrate(store, "base")
        store.close()
        carries_them(service.http.get("/readyz"), "503")


def test_every_problem_is_explained_where_its_type_says(service: Service) -> None:
    for kind in ALL:
        explained = service.http.get(f"/problems/{kind.name}")
        assert (explained.status_code, str(kind.status) in explained.text) == (200, True)
