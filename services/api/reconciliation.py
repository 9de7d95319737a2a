"""Comparing what a source holds with what is held here: a digest of a family, and differences in a range of ids."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from schemas.fields import SOURCE_ID
from schemas.record import Family
from schemas.registry import BY_NAME, BY_SEGMENT
from services.access.tokens import Caller
from services.api.answers import answer, spooled
from services.api.batches import NDJSON
from services.api.described import RANGE, DifferencesAnswer, DigestAnswer
from services.api.family_router import FamilyRouter
from services.api.requests import SourceName, StoreOf, body_up_to, readable, requires
from services.errors import BadRequest
from services.intake.claims import LARGEST_CLAIMS, Range, differences, read_claims
from services.store import digests
from services.store.scope import reading_for

router = APIRouter(tags=["reconciliation"])
MayRead = Annotated[Caller, Depends(requires("records.read"))]


def _family(request: Request) -> Family:
    """The family asked about, by its name or its segment; raises BadRequest."""
    named = request.query_params.get("family", "")
    found = BY_NAME.get(named) or BY_SEGMENT.get(named)
    if found is None:
        raise BadRequest(f"family is one of {', '.join(BY_NAME)}")
    return found


def _range(request: Request) -> Range:
    """The range of ids asked about; raises BadRequest."""
    first, last = (request.query_params.get(name) for name in ("from", "to"))
    if not all(bound is None or re.fullmatch(SOURCE_ID, bound) for bound in (first, last)):
        raise BadRequest("from and to are ids of the source, or are left out")
    if first is not None and last is not None and first > last:
        raise BadRequest("from comes before to, in byte order")
    return Range(first, last)


MayCompare = Annotated[Caller, Depends(requires("records.read", "family", "from", "to", checks=(_family, _range)))]


def digest_route(family: Family) -> APIRouter:
    """The digest of one family; its address comes before that of a record, whose id it can never be."""
    router = FamilyRouter(family, "/digest")

    @router.get("", responses=DigestAnswer.answers(), name=f"{family.name}_digest")
    def digest(source: SourceName, store: StoreOf, caller: MayRead) -> Response:
        """How many records are held, and the SHA-256 of source_id, tab, sha256, newline over them in byte order."""
        owner = readable(store, caller, source)
        with reading_for(store, owner.agency) as connection:
            return answer(asdict(digests.digest(connection, owner, family.name)))

    return router


async def _claims(request: Request, source: SourceName, store: StoreOf, caller: MayCompare) -> bytes:
    """The lines of a caller that may read the source."""
    await run_in_threadpool(readable, store, caller, source)
    return await body_up_to(LARGEST_CLAIMS, NDJSON)(request)


@router.post("/v1/sources/{source}/reconcile", responses=DifferencesAnswer.answers(), openapi_extra=RANGE)
def reconcile(
    request: Request, source: SourceName, store: StoreOf, body: Annotated[bytes, Depends(_claims)], caller: MayCompare
) -> Response:
    """Which ids of a range the sender holds and Kith does not, which differ, and which only Kith holds."""
    family, within = _family(request), _range(request)
    claims = read_claims(family, within, body)
    owner = readable(store, caller, source)
    with reading_for(store, owner.agency) as connection:
        held = digests.held(connection, owner, family.name, within.first, within.last)
        return spooled(_told(differences(claims, held)), "application/json")


def _told(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The answer in pieces: of its three lists only `extra` may be longer than what was sent."""
    rest: dict[str, list[Any]] = {"missing": [], "different": []}
    yield '{"extra": ['
    separator = ""
    for kind, source_id in found:
        if kind in rest:
            rest[kind].append(source_id)
        else:
            yield separator + json.dumps(source_id)
            separator = ", "
    yield "], " + json.dumps(rest)[1:]
