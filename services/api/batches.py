"""Batches: many records in one request, each line with its own result."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import JSONResponse, Response

from services.access.tokens import Caller
from services.api.described import ATOMIC, IDEMPOTENCY_KEY, PROBLEMS, VALIDATE, BatchAnswer
from services.api.requests import Posted, SourceName, StoreOf, idempotency_key, is_atomic, own_body, requires, validates
from services.errors import Invalid, NotFound
from services.intake.receive import LARGEST_BATCH, REJECTED, receive_batch
from services.store import batches

router = APIRouter(tags=["batches"])
NDJSON = "application/x-ndjson"
_may_read = requires("records.write")
_posted = own_body(requires("records.write", "validate", "atomic"), LARGEST_BATCH, NDJSON)
_BODY = {
    "parameters": [VALIDATE, ATOMIC, IDEMPOTENCY_KEY],
    "requestBody": {
        "required": True,
        "description": 'One line a record: {"family", "source_id", "record": {}}, or "retract": {"reason"} in place of '
        "record; up to 10,000 lines and 32 MiB.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    },
}


@router.post("/v1/sources/{source}/batches", responses=BatchAnswer.answers(), openapi_extra=_BODY)
def post_batch(
    request: Request,
    source: SourceName,
    store: StoreOf,
    posted: Annotated[Posted, Depends(_posted)],
) -> JSONResponse:
    """Post many records: a bad line costs only itself, the others are kept together."""
    atomic, validate_only = is_atomic(request), validates(request)
    report = receive_batch(store, posted.caller.owner, posted.body, atomic, validate_only, idempotency_key(request))
    url = f"/v1/batches/{report.batch}/results"
    told = {"batch": report.batch, "counts": report.counts, "results_url": url}
    if atomic and report.counts[REJECTED]:
        raise Invalid(f"{report.counts[REJECTED]} lines were refused, so nothing of the batch was kept", members=told)
    return JSONResponse(told)


@router.get("/v1/batches/{batch}/results", responses=PROBLEMS | {200: {"content": {NDJSON: {}}}})
def batch_results(
    batch: Annotated[str, Path()], store: StoreOf, caller: Annotated[Caller, Depends(_may_read)]
) -> Response:
    """What became of each line, in the order of the lines."""
    with store.reading() as connection:
        found = batches.results(connection, caller.owner, batch)
    if found is None:
        raise NotFound
    return Response(found, media_type=NDJSON)
