"""The changes feed: what became of records, in an order that never changes."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.access import following
from services.access.tokens import Caller
from services.api.answers import page
from services.api.described import Page
from services.api.requests import PAGING, StoreOf, paging, requires

router = APIRouter(tags=["changes"])
MayFollow = Annotated[Caller, Depends(requires("changes.read", "after", "limit", checks=(paging,)))]


@router.get("/v1/changes", responses=Page.answers(), openapi_extra=PAGING)
def changes(request: Request, store: StoreOf, caller: MayFollow) -> Response:
    """Changes after a number, oldest first; where `next` is null, ask again later after the last `seq`.

    Nothing ever appears at or below a number that was answered. An entry says that
    something changed; the record itself comes from its own address. `visible`: read
    what others hold about the child anew; `hidden`: forget what you have of it.
    """
    after, limit = paging(request)
    found = following.page(store, caller.owner.agency, after, limit)
    return page([asdict(entry) for entry in found.entries], found.after)
