"""Who received what: an agency's own answer, after a breach, from the record of what left the service."""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from services.access.tokens import Caller
from services.api.answers import page
from services.api.described import Page
from services.api.requests import PAGING, StoreOf, paging, readable, requires, the_logbook
from services.errors import BadRequest
from services.store import audit
from services.store.audit import Act, Received
from services.store.engine import Store

router = APIRouter(tags=["audit"])
ASKED: dict[str, Any] = {
    "parameters": [
        {"name": "worker", "in": "query", "description": "The worker's opaque id.", "schema": {"type": "string"}},
        {"name": "source", "in": "query", "description": "Or: the source's name.", "schema": {"type": "string"}},
        {
            "name": "since",
            "in": "query",
            "required": True,
            "description": "From which instant on, with its offset.",
            "schema": {"type": "string", "format": "date-time"},
        },
        *PAGING["parameters"],
    ]
}


def _whom(request: Request) -> tuple[str, str]:
    """Whom the question is about, `worker` or `source`, and which; raises BadRequest."""
    given = [(by, request.query_params[by]) for by in ("worker", "source") if request.query_params.get(by)]
    if len(given) != 1:
        raise BadRequest("Name one of worker and source")
    return given[0]


def _since(request: Request) -> datetime:
    """The instant that `since` names; raises BadRequest."""
    try:
        found = datetime.fromisoformat(request.query_params.get("since", ""))
    except ValueError:
        found = datetime.min
    if found.tzinfo is None or not 1900 <= found.year <= 2199:
        raise BadRequest("since is an instant with its offset, as in 2026-03-01T00:00:00Z")
    return found


_PARAMETERS = ("worker", "source", "since", "after", "limit")
MayAudit = Annotated[Caller, Depends(requires("audit.read", *_PARAMETERS, checks=(_whom, _since, paging)))]


@router.get("/v1/audit/received", responses=Page.answers(), openapi_extra=ASKED)
async def received(request: Request, store: StoreOf, caller: MayAudit) -> Response:
    """The children whose addresses a worker of the caller's agency received, or one of its sources, since an instant.

    Name one of `worker` and `source`. First received first; the question itself goes on record.
    """
    (by, whom), since, (after, limit) = _whom(request), _since(request), paging(request)
    found = await run_in_threadpool(partial(_received, store, caller, by, whom, since, after, limit))
    detail = {by: whom, "since": since.isoformat(), "children": len(found)}
    await the_logbook(request)(_act(caller, request.state.request_id, detail))
    return page([asdict(one) for one in found], after + limit if len(found) == limit else None)


def _received(
    store: Store, caller: Caller, by: str, whom: str, since: datetime, after: int, limit: int
) -> list[Received]:
    if by == "source":
        readable(store, caller, whom)
    with store.reading() as connection:
        only = {by: whom, "agency": caller.owner.agency}
        return audit.received(connection, since, after=after, limit=limit, **only)


def _act(caller: Caller, request_id: str, detail: dict[str, Any]) -> Act:
    return Act(
        agency=caller.owner.agency,
        source=caller.owner.source,
        client_id=caller.client_id,
        act="read",
        what="received",
        child=None,
        worker=None,
        role=None,
        purpose=None,
        request_id=request_id,
        detail=detail,
    )
