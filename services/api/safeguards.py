"""Breaking glass, and the queue of notices that an agency's officers review."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from schemas.safeguards import BreakGlassBody, ReviewBody
from services.access import break_glass
from services.access.asker import Asker
from services.access.review import reviewed
from services.access.tokens import Caller
from services.api.answers import answer, page
from services.api.asking import ASKING, asks
from services.api.described import GrantAnswer, NoticeAnswer, Page, takes
from services.api.requests import PAGING, StoreOf, body_up_to, paging, requires
from services.intake.bodies import JSON, LARGEST_BODY, read_body
from services.store import broken_glass

router = APIRouter(tags=["safeguards"])
ChildId = Annotated[str, Path(description="The opaque id of the child")]
MayAsk = Annotated[Asker, Depends(asks("records.read"))]
MayReview = Annotated[Caller, Depends(requires("audit.read"))]
MayList = Annotated[Caller, Depends(requires("audit.read", "after", "limit", checks=(paging,)))]


async def _reason(request: Request, child: ChildId, store: StoreOf, asker: MayAsk) -> BreakGlassBody:
    """The reason given for a child that is known."""
    await run_in_threadpool(break_glass.refuse_unknown, store, asker, child)
    return read_body(BreakGlassBody, await body_up_to(LARGEST_BODY, JSON)(request))


@router.post(
    "/v1/children/{child}/break-glass",
    status_code=201,
    responses=GrantAnswer.answers(),
    openapi_extra={"parameters": ASKING} | takes(BreakGlassBody),
)
def post_break_glass(
    child: ChildId, store: StoreOf, asker: MayAsk, body: Annotated[BreakGlassBody, Depends(_reason)]
) -> JSONResponse:
    """See all that is held about a child for 60 minutes, on a reason; the officers of all agencies concerned hear."""
    grant = break_glass.break_glass(store, asker, child, body.reason)
    return JSONResponse({"grant": grant.grant_id, "expires_at": grant.expires_at.isoformat()}, 201)


@router.get("/v1/notices", responses=Page.answers(), openapi_extra=PAGING)
def list_notices(request: Request, store: StoreOf, caller: MayList) -> Response:
    """What the officers of the caller's agency are to look into, or have, the oldest first."""
    after, limit = paging(request)
    with store.reading() as connection:
        found = broken_glass.notices(connection, caller.owner.agency, after, limit)
    return page([_as_json(one) for one in found], found[-1].notice if len(found) == limit else None)


async def _review(request: Request, caller: MayReview) -> ReviewBody:
    return read_body(ReviewBody, await body_up_to(LARGEST_BODY, JSON)(request))


@router.put("/v1/notices/{notice}", responses=NoticeAnswer.answers(), openapi_extra=takes(ReviewBody))
def put_notice(
    request: Request,
    notice: Annotated[int, Path(ge=1, le=2**53)],
    store: StoreOf,
    caller: MayReview,
    body: Annotated[ReviewBody, Depends(_review)],
) -> Response:
    """Say what the review of a notice has come to."""
    found = reviewed(store, caller, notice, body, request.state.request_id, datetime.now(UTC))
    return answer(_as_json(found))


def _as_json(notice: broken_glass.Noticed) -> dict[str, Any]:
    told = notice._asdict()
    told["id"], told["grant"] = told.pop("notice"), told.pop("grant_id")
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}
