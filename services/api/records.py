"""Records: put one, read it back, see its versions. One set of routes a family, all alike."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from schemas.record import Family
from services.access.tokens import Caller
from services.api.answers import page
from services.api.described import PROBLEMS, RETRACTION, Put, RecordAnswer, body_of
from services.api.family_router import FamilyRouter
from services.api.requests import (
    PAGING,
    Posted,
    SourceName,
    StoreOf,
    if_match,
    own_body,
    paging,
    readable,
    requires,
    the_store,
    validates,
)
from services.errors import BadRequest, Erased, Gone, NotFound, Stale
from services.intake.door import LARGEST_RECORD
from services.intake.singles import Single, read_record, read_retraction, receive, told
from services.intake.taking import Received, Taken, child_of
from services.store import links, reading
from services.store.engine import Store
from services.store.gathering import Gathering
from services.store.scope import reading_for
from services.store.writing import Key, Owner, Result, Retraction

LARGE = 64 * 1024
"""Bytes of a body that takes long enough at the door for others to notice."""
SourceId = Annotated[str, Path(description="The source's own id of the record")]
Version = Annotated[int, Path(ge=1, le=2**53)]


def family_routes(family: Family) -> APIRouter:
    """The routes of one family."""
    router = FamilyRouter(family, "/{source_id}")
    _add_writes(router, family)
    _add_reads(router, family)
    return router


def _add_writes(router: APIRouter, family: Family) -> None:
    @router.put(
        "",
        status_code=201,
        responses=Put.answers(),
        openapi_extra=body_of(family),
        name=f"put_{family.name}",
    )
    async def put(
        request: Request,
        source: SourceName,
        source_id: SourceId,
        posted: Annotated[Posted, Depends(_put)],
    ) -> JSONResponse:
        """Post one record: created, replaced, unchanged, or (409) older than the one held."""
        single = await _at_the_door(read_record, posted, family, source_id, if_match(request))
        if validates(request):
            return _put_answer(await run_in_threadpool(receive, the_store(request), single, validate_only=True))
        return await _take(request, single)


def _add_reads(router: APIRouter, family: Family) -> None:
    @router.get("", responses=RecordAnswer.answers(), name=f"get_{family.name}")
    def get(source: SourceName, source_id: SourceId, store: StoreOf, caller: MayRead) -> JSONResponse:
        """The record as it is held."""
        return _record_answer(store, caller, readable(store, caller, source), family, source_id)

    @router.post(
        "/retractions",
        status_code=201,
        responses=Put.answers(),
        openapi_extra=RETRACTION,
        name=f"retract_{family.name}",
    )
    async def retract(
        request: Request,
        source: SourceName,
        source_id: SourceId,
        posted: Annotated[Posted, Depends(_retraction)],
    ) -> JSONResponse:
        """Take a record back, saying why; 200 where it was retracted already. A later put revives it."""
        return await _take(request, await _at_the_door(read_retraction, posted, family, source_id, if_match(request)))

    @router.get("/versions", responses=PROBLEMS, openapi_extra=PAGING, name=f"{family.name}_versions")
    def versions(
        request: Request, source: SourceName, source_id: SourceId, store: StoreOf, caller: MayPage
    ) -> Response:
        """The versions accepted, oldest first."""
        after, limit = paging(request)
        owner = readable(store, caller, source)
        with reading_for(store, owner.agency) as connection:
            found = reading.versions(connection, owner, family.name, source_id, after, limit)
            _refuse_sealed(connection, caller, Key(owner.agency, owner.source, family.name, source_id))
        if not found and not after:
            raise NotFound
        return page([_as_json(one) for one in found], found[-1].version if len(found) == limit else None)

    @router.get("/versions/{version}", responses=RecordAnswer.answers(), name=f"{family.name}_version")
    def version(
        source: SourceName, source_id: SourceId, version: Version, store: StoreOf, caller: MayReadVersion
    ) -> JSONResponse:
        """One version as it was sent."""
        return _record_answer(store, caller, readable(store, caller, source), family, source_id, version)


def _is_version(request: Request) -> None:
    """Raise BadRequest where the address names no version."""
    if not re.fullmatch(r"[1-9]\d{0,14}", request.path_params["version"], re.ASCII):
        raise BadRequest("A version is a number from 1")


_put = own_body(requires("records.write", "validate"), LARGEST_RECORD, "application/json")
_retraction = own_body(requires("records.write"), LARGEST_RECORD, "application/json")
MayRead = Annotated[Caller, Depends(requires("records.read"))]
MayPage = Annotated[Caller, Depends(requires("records.read", "after", "limit", checks=(paging,)))]
MayReadVersion = Annotated[Caller, Depends(requires("records.read", checks=(_is_version,)))]


async def _at_the_door(
    read: Callable[..., Single], posted: Posted, family: Family, source_id: str, *more: Any
) -> Single:
    """A change checked at once, or, where the body is a large one, in a thread, so that others need not wait."""
    checking = partial(read, posted.caller.owner, family, source_id, posted.body, *more)
    return await run_in_threadpool(checking) if len(posted.body) > LARGE else checking()


async def _take(request: Request, single: Single) -> JSONResponse:
    """Take a change together with those that come at about the same time."""
    singles: Gathering[Single, Taken] = request.app.state.singles
    return _put_answer(told(single, await singles(single)))


def _put_answer(received: Received) -> JSONResponse:
    outcome = received.outcome
    headers = {"ETag": f'"{outcome.version}"', "Kith-Result": outcome.result.value}
    if outcome.result is Result.STALE:
        raise Stale(headers=headers, warnings=received.warnings)
    body: dict[str, Any] = {
        "result": outcome.result,
        "version": outcome.version,
        "sha256": outcome.sha256,
        "child": received.child,
        "warnings": [remark.as_json() for remark in received.warnings],
    }
    if received.link:
        body["link"] = received.link
    is_new = outcome.result in (Result.CREATED, Result.RETRACTED) and not outcome.again
    return JSONResponse(body, 201 if is_new else 200, headers)


def _record_answer(
    store: Store, caller: Caller, owner: Owner, family: Family, source_id: str, version: int | None = None
) -> JSONResponse:
    with reading_for(store, owner.agency) as connection:
        found = reading.version(connection, owner, family.name, source_id, version)
        child = child_of(connection, owner, family, source_id, found.record) if found and found.record else None
        _refuse_sealed(connection, caller, Key(owner.agency, owner.source, family.name, source_id))
    if found is None:
        raise NotFound
    if found.record is None:
        raise Erased(headers={"ETag": f'"{found.version}"'})
    if found.op == Retraction.op and version is None:
        raise Gone(headers={"ETag": f'"{found.version}"'})
    body = {
        "source": owner.source,
        "family": family.name,
        "source_id": source_id,
        "version": found.version,
        "sha256": found.sha256,
        "child": child,
        "received_at": _text(found.received_at),
        "retraction" if found.op == Retraction.op else "record": found.record,
    }
    return JSONResponse(body, headers={"ETag": f'"{found.version}"'})


def _refuse_sealed(connection: Connection, caller: Caller, key: Key) -> None:
    """Raise NotFound where another source than its own asks for a record about a child whose identity changed."""
    if caller.owner != (key.source, key.agency) and links.is_sealed(connection, key):
        raise NotFound


def _as_json(version: reading.Version) -> dict[str, Any]:
    return {
        "version": version.version,
        "op": version.op,
        "recorded_at": _text(version.recorded_at),
        "received_at": _text(version.received_at),
        "sha256": version.sha256,
    }


def _text(instant: datetime) -> str:
    return instant.isoformat()
