"""Quality runs: what became of every rule, crashed and not run included. How much failed is for the national view."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.access.national import is_national
from services.access.tokens import Caller
from services.api.answers import answer, page
from services.api.described import Page, RunAnswer
from services.api.requests import PAGING, StoreOf, paging, requires
from services.errors import NotFound
from services.store import runs
from services.store.runs import Kept
from services.store.tables import QualityResult

router = APIRouter(tags=["quality"])
MayList = Annotated[Caller, Depends(requires("quality.read", "after", "limit", checks=(paging,)))]
MayRead = Annotated[Caller, Depends(requires("quality.read"))]
COUNTED = ("denominator", "failed")


@router.get("/v1/quality/runs", responses=Page.answers(), openapi_extra=PAGING)
def list_runs(request: Request, store: StoreOf, caller: MayList) -> Response:
    """The runs, the newest first, each with how many rules came to what."""
    after, limit = paging(request)
    with store.reading() as connection:
        found = runs.runs(connection, after, limit)
    return page([_as_json(one) for one in found], found[-1].run if len(found) == limit else None)


@router.get("/v1/quality/runs/{run}", responses=RunAnswer.answers())
def get_run(run: Annotated[int, Path(ge=1, le=2**53)], store: StoreOf, caller: MayRead) -> Response:
    """One run: of each rule whether it passed, failed, crashed, does not apply or was not run, and why."""
    with store.reading() as connection:
        found = runs.run(connection, run)
        results = runs.results(connection, run)
    if found is None:
        raise NotFound
    shows_counts = is_national(caller.owner.agency)
    return answer(_as_json(found) | {"results": [_result(one, shows_counts) for one in results]})


def _as_json(found: Kept) -> dict[str, Any]:
    return asdict(found) | {"started_at": found.started_at.isoformat()}


def _result(result: QualityResult, shows_counts: bool) -> dict[str, Any]:
    """What became of a rule; how many rows of all agencies it was is not for each of them."""
    left_out = {"run"} if shows_counts else {"run", *COUNTED}
    return result.model_dump(exclude=left_out)
