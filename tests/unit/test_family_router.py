"""The routes of one family: a request for another is passed over."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Match

from schemas.registry import BY_NAME
from services.api.family_router import FamilyRouter

PLANS = BY_NAME["plans"]


@pytest.fixture
def patterns_tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that FastAPI tried the routes' patterns on."""
    tried: list[str] = []

    def matches(router: Any, scope: Any) -> tuple[Match, Any]:
        tried.append(scope["path"])
        return Match.FULL, {}

    monkeypatch.setattr("fastapi.APIRouter.matches", matches)
    return tried


def router() -> FamilyRouter:
    made = FamilyRouter(PLANS, "/{source_id}")
    made.add_api_route("", lambda: PlainTextResponse("here"))
    return made


def test_only_the_familys_own_addresses_are_tried(patterns_tried: list[str]) -> None:
    own = ["/v1/sources/a/plans/1", "/v1/sources/a/plans/1/versions/2", "/v1/sources/plans/plans/plans"]
    others = ["/v1/sources/a/children/plans", "/v1/sources/plans/children/1", "/v1/children/1/plan", "/", "/v1/plans"]
    for path in (*own, *others):
        router().matches({"type": "http", "method": "GET", "path": path})
    behind = {"root_path": "/kith", "path": f"/kith{own[0]}"}
    router().matches({"type": "http", "method": "GET", **behind})
    assert patterns_tried == [*own, behind["path"]]
