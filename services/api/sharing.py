"""Decisions on sharing about a child: what was shared with whom and why, and what was not."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from schemas.safeguards import SharingDecisionBody
from services.access.asker import Asker
from services.access.sharing import decide_sharing, decisions, may_be_told
from services.api.answers import page
from services.api.asking import ASKING, asks
from services.api.described import DecisionAnswer, Page, takes
from services.api.requests import PAGING, StoreOf, body_up_to, paging
from services.intake.bodies import JSON, LARGEST_BODY, read_body
from services.store.tables import SharingDecision

router = APIRouter(tags=["children"])
ADDRESS = "/v1/children/{child}/sharing-decisions"
TOLD = ("agency", "role", "purpose", *SharingDecisionBody.model_fields)
"""What is told of a decision beside its number and instant."""
ChildId = Annotated[str, Path(description="The opaque id of the child")]
MayDecide = Annotated[Asker, Depends(asks("records.write"))]
MayRead = Annotated[Asker, Depends(asks("records.read", "after", "limit", checks=(paging,)))]


async def _decided(request: Request, child: ChildId, store: StoreOf, asker: MayDecide) -> SharingDecisionBody:
    """The decision, about a child that the asker may know of."""
    await run_in_threadpool(may_be_told, store, asker, child)
    return read_body(SharingDecisionBody, await body_up_to(LARGEST_BODY, JSON)(request))


@router.post(
    ADDRESS,
    status_code=201,
    responses=DecisionAnswer.answers(),
    openapi_extra={"parameters": ASKING} | takes(SharingDecisionBody),
)
def post_decision(
    child: ChildId, store: StoreOf, asker: MayDecide, body: Annotated[SharingDecisionBody, Depends(_decided)]
) -> JSONResponse:
    """Put on record that something about a child was shared, or was decided not to be, and why."""
    return JSONResponse(_as_json(decide_sharing(store, asker, child, body)), 201)


@router.get(ADDRESS, responses=Page.answers(), openapi_extra={"parameters": [*ASKING, *PAGING["parameters"]]})
def list_decisions(request: Request, child: ChildId, store: StoreOf, asker: MayRead) -> Response:
    """What was decided by the agencies whose items the asker may see, the oldest first."""
    after, limit = paging(request)
    found = decisions(store, asker, child, after, limit)
    return page([_as_json(one) for one in found], found[-1].decision if len(found) == limit else None)


def _as_json(decision: SharingDecision) -> dict[str, Any]:
    told = {name: getattr(decision, name) for name in TOLD}
    return {"id": decision.decision, "at": decision.at.isoformat(), **told}
