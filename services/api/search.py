"""Looking for a child by what is known of them: in the body, so that no address ever holds it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from schemas.search import ChildSearch
from services.access.asker import Asker
from services.access.logbook import act_of
from services.api.answers import answer
from services.api.asking import asks
from services.api.described import SEARCH, SearchAnswer
from services.api.requests import body_up_to, the_logbook, the_store
from services.children.search import Found, can_search, search
from services.intake import remarks
from services.intake.bodies import JSON, LARGEST_BODY, read_body, refused
from services.store.engine import Store

router = APIRouter(tags=["children"])
_body = body_up_to(LARGEST_BODY, JSON)


@router.post("/v1/children/search", responses=SearchAnswer.answers(), openapi_extra=SEARCH)
async def search_children(request: Request, asker: Annotated[Asker, Depends(asks("records.read"))]) -> Response:
    """Whether a child is known: its opaque id where there is one match, and nothing more.

    By `chi` or `scn`, or by both names and `date_of_birth`; a name alone with its birth date is for people to review.
    """
    wanted = _wanted(await _body(request))
    found = await run_in_threadpool(_found, the_store(request), wanted)
    detail = {"status": found.status, "fields": sorted(wanted.model_fields_set)}
    await the_logbook(request)(act_of(asker, "search", "search", found.child, detail))
    return answer({"status": found.status, "child": found.child})


def _found(store: Store, wanted: ChildSearch) -> Found:
    with store.snapshot() as connection:
        return search(connection, wanted, datetime.now(UTC))


def _wanted(body: bytes) -> ChildSearch:
    """Who is looked for; raises Invalid."""
    wanted = read_body(ChildSearch, body)
    if not can_search(wanted):
        detail = "an identifier (chi, scn), or given_name, family_name and date_of_birth together"
        raise refused(remarks.of_rule("SH02", "", "missing", detail))
    return wanted
