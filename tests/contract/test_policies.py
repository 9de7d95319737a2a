"""Who may call what: deny by default, and the contract's order of checks."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from services.access.credentials import Credentials, add_source
from services.access.scopes import SCOPES
from services.api.requests import scope_of
from services.app import create_app
from services.settings import Settings
from services.store.engine import Store
from tests.conftest import AGENCY, ELSEWHERE, SOURCE, Service, migrated

OPEN = {
    "/v1/codelists",
    "/v1/codelists/{name}",
    "/v1/schemas",
    "/v1/schemas/{family}",
    "/v1/rules",
    "/v1/rules/{code}",
    "/problems/{name}",
    "/oauth/token",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/oauth2-redirect",
    "/static-offline-docs",
}
"""What anybody may call: reference data, a token for credentials, health, documentation."""
GOOD = {
    "source": SOURCE,
    "source_id": "nothing",
    "version": "1",
    "day": "2026-01-05",
    "batch": "none",
    "child": "nobody",
    "notice": "1",
    "finding": "1",
    "run": "1",
    "number": "1",
    "sign_off": "1",
}


def app_in(folder: Path) -> FastAPI:
    return create_app(migrated(Settings(home=folder, database_url="")))


def address(route: RouteContext) -> str:
    return str(route.path or route.original_route.path)  # type: ignore[attr-defined]


def unruled(app: FastAPI) -> list[str]:
    """The addresses that neither are open nor require a scope that there is."""
    routes = iter_route_contexts(app.routes)
    return [address(one) for one in routes if address(one) not in OPEN and scope_of(one) not in SCOPES]


def test_every_route_is_open_by_name_or_requires_a_scope(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    assert unruled(app) == []
    assert {address(one) for one in iter_route_contexts(app.routes)} >= OPEN


def test_a_route_without_a_policy_is_found(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    app.add_api_route("/v1/children/{child}", lambda child: child)
    assert unruled(app) == ["/v1/children/{child}"]


def closed(folder: Path) -> list[tuple[str, str]]:
    """Every method and address that requires a scope, its places filled in."""
    routes = [one for one in iter_route_contexts(app_in(folder).routes) if scope_of(one)]
    filled = ((method, address(one).format(**GOOD)) for one in routes for method in one.methods or ())
    return sorted(filled)


def test_no_closed_address_opens_without_a_token(service: Service, tmp_path: Path) -> None:
    answers = {(method, path): service.http.request(method, path).status_code for method, path in closed(tmp_path)}
    assert len(answers) > 40 and set(answers.values()) == {401}, answers


@pytest.fixture(scope="module")
def scopeless(service: Service) -> Credentials:
    """A client that may do nothing that any route offers."""
    store = Store(service.settings.store_url)
    made = add_source(store, "scopeless", AGENCY, ["extracts.build"])
    store.close()
    return made


ASKING = {"Kith-Purpose": "child-wellbeing", "Kith-Worker": "w-1; role=social-worker"}
ASKED = {"reconcile": {"family": "children"}, "received": {"worker": "w-1", "since": "2026-01-01T00:00:00Z"}}
"""What some addresses cannot do without."""


def test_no_closed_address_opens_without_its_scope(service: Service, scopeless: Credentials, tmp_path: Path) -> None:
    headers = service.headers(scopeless) | ASKING
    answers = {
        (method, path): service.http.request(
            method, path, headers=headers, params=ASKED.get(path.rpartition("/")[2], {})
        ).status_code
        for method, path in closed(tmp_path)
    }
    assert set(answers.values()) == {403}, {path: status for path, status in answers.items() if status != 403}


def test_openapi_says_where_a_token_is_needed(service: Service) -> None:
    paths = service.http.get("/openapi.json").json()["paths"]
    secured = {
        path for path, methods in paths.items() for one in methods.values() if {"token": []} in one.get("security", [])
    }
    assert {path for path in paths if path not in secured} == OPEN & paths.keys()


def test_nobody_learns_what_a_stranger_may_not_know(service: Service) -> None:
    """A source of another agency and one that there is not are told apart by no answer."""
    for source in (ELSEWHERE[0], "there-is-no-such-source"):
        assert service.get(f"/v1/sources/{source}/children/any").status_code == 404


PUT = "/v1/sources/{source}/children/any"
BATCH = "/v1/sources/{source}/batches"
ILL_FORMED: dict[str, tuple[str, str, dict[str, str]]] = {
    "an unknown parameter": ("PUT", f"{PUT}?unknown=1", {}),
    "validate": ("PUT", f"{PUT}?validate=all", {}),
    "atomic": ("POST", f"{BATCH}?atomic=yes", {}),
    "If-Match": ("PUT", PUT, {"If-Match": "*"}),
    "If-Match of a retraction": ("POST", f"{PUT}/retractions", {"If-Match": "3"}),
    "Idempotency-Key": ("POST", BATCH, {"Idempotency-Key": "a key"}),
    "limit": ("GET", "/v1/changes?limit=0", {}),
    "after": ("GET", "/v1/quality/findings?after=x", {}),
    "limit of versions": ("GET", f"{PUT}/versions?limit=1001", {}),
    "a version": ("GET", f"{PUT}/versions/last", {}),
    "a day": ("GET", "/v1/sources/{source}/receipts/today", {}),
    "a family": ("POST", "/v1/sources/{source}/reconcile?family=dogs", {}),
    "a range": ("POST", "/v1/sources/{source}/reconcile?family=children&from=b&to=a", {}),
}


@pytest.mark.parametrize("ill_formed", ILL_FORMED.values(), ids=ILL_FORMED.keys())
def test_what_is_not_well_formed_is_told_before_what_is_not_allowed(
    service: Service, scopeless: Credentials, ill_formed: tuple[str, str, dict[str, str]]
) -> None:
    method, path, headers = ill_formed
    asked = service.http.request(method, path.format(source=SOURCE), headers=headers)
    assert asked.status_code == 401
    asked = service.http.request(method, path.format(source=SOURCE), headers=service.headers(scopeless) | headers)
    assert asked.status_code == 400, asked.text
    elsewhere = path.format(source=ELSEWHERE[0])
    asked = service.http.request(method, elsewhere, headers=service.headers() | headers)
    assert asked.status_code == 400, asked.text


XML = {"Content-Type": "text/xml"}
IN_ORDER: list[tuple[int, str, dict[str, Any]]] = [
    (404, ELSEWHERE[0], {"headers": XML, "content": b"x" * 2**21}),
    (415, SOURCE, {"headers": XML, "content": b"x" * 2**21}),
    (413, SOURCE, {"headers": {"Content-Type": "application/json"}, "content": b"x" * 2**21}),
    (422, SOURCE, {"headers": {"If-Match": '"7"'}, "json": {}}),
]


@pytest.mark.parametrize(("status", "source", "sent"), IN_ORDER, ids=[str(one[0]) for one in IN_ORDER])
def test_the_first_of_several_things_wrong_is_told(
    service: Service, status: int, source: str, sent: dict[str, Any]
) -> None:
    headers = service.headers() | sent.get("headers", {})
    answer = service.http.put(PUT.format(source=source), **{**sent, "headers": headers})
    assert answer.status_code == status, answer.text
