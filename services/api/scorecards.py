"""Scorecards: what the latest run said of the caller's own agency, and to a national role of every agency."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.access.national import seen_by
from services.access.tokens import Caller
from services.api.answers import page
from services.api.described import Page
from services.api.requests import PAGING, StoreOf, paging, requires
from services.errors import BadRequest, NotFound
from services.store import scorecards

router = APIRouter(tags=["quality"])
RUN = "Of an earlier run, by its number; left out, of the latest."
FILTERS = {
    "agency": "One agency's; other agencies are told of to a national role only.",
    "family": "Of one record family.",
    "dimension": f"On one side of quality, or {scorecards.ALL} for all of them together.",
    "year": "Of one year, 1 August to 31 July, as 2024-25.",
}
ASKED: dict[str, Any] = {
    "parameters": [
        *PAGING["parameters"],
        {"name": "run", "in": "query", "description": RUN, "schema": {"type": "integer", "minimum": 0}},
        *(
            {"name": name, "in": "query", "description": told, "schema": {"type": "string"}}
            for name, told in FILTERS.items()
        ),
    ]
}


def run_asked(request: Request) -> int | None:
    """The run that `run` names; raises BadRequest."""
    given = request.query_params.get("run")
    if given is None:
        return None
    if not re.fullmatch(r"\d{1,18}", given, re.ASCII):
        raise BadRequest("run is the number of a run")
    return int(given)


_LISTING = requires("quality.read", "after", "limit", "run", *FILTERS, checks=(paging, run_asked))
MayRead = Annotated[Caller, Depends(_LISTING)]


@router.get("/v1/quality/scorecards", responses=Page.answers(), openapi_extra=ASKED)
def list_scorecards(request: Request, store: StoreOf, caller: MayRead) -> Response:
    """Scores of one run, by agency, family, side of quality and year; beside each last year's and others'."""
    (after, limit), asked = paging(request), run_asked(request)
    only = {name: request.query_params[name] for name in FILTERS if name in request.query_params}
    agency = _within_sight(caller, only.pop("agency", None))
    with store.reading() as connection:
        run = asked if asked is not None else scorecards.latest(connection)
        found = scorecards.cards(connection, run, after, limit, **only, **agency)
    return page([_as_json(one) for one in found], found[-1].scorecard if len(found) == limit else None)


def _within_sight(caller: Caller, asked: str | None) -> dict[str, str]:
    """Own agency only, but for a national role; raises NotFound for another's."""
    seen = seen_by(caller.owner.agency)
    if seen and asked not in (None, seen):
        raise NotFound
    agency = seen or asked
    return {"source_agency": agency} if agency else {}


def _as_json(card: Any) -> dict[str, Any]:
    return {"id": card.scorecard, "run": card.run, "agency": card.source_agency, **scorecards.told(card)}
