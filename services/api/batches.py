"""Batches: many records in one request, each line with its own result."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import JSONResponse, Response

from services.access.tokens import Caller
from services.api.answers import ndjson
from services.api.described import PROBLEMS, BatchAnswer
from services.api.requests import SourceName, StoreOf, may_write, own_body
from services.errors import NotFound
from services.intake.receive import LARGEST_BATCH, receive_batch
from services.store import batches

router = APIRouter(tags=["batches"])
NDJSON = "application/x-ndjson"
_own_body = own_body(LARGEST_BATCH, NDJSON)
_BODY = {
    "requestBody": {
        "required": True,
        "description": 'One line a record: {"family", "source_id", "record": {}}, or "retract": {"reason"} in place of '
        "record; up to 10,000 lines and 32 MiB.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}


@router.post("/v1/sources/{source}/batches", responses=BatchAnswer.answers(), openapi_extra=_BODY)
def post_batch(
    source: SourceName,
    store: StoreOf,
    body: Annotated[bytes, Depends(_own_body)],
    caller: Annotated[Caller, Depends(may_write)],
) -> JSONResponse:
    """Post many records: a bad line costs only itself, the others are kept together."""
    batch, counts = receive_batch(store, caller.owner, body)
    return JSONResponse({"batch": batch, "counts": counts, "results_url": f"/v1/batches/{batch}/results"})


@router.get("/v1/batches/{batch}/results", responses=PROBLEMS | {200: {"content": {NDJSON: {}}}})
def batch_results(
    batch: Annotated[str, Path()], store: StoreOf, caller: Annotated[Caller, Depends(may_write)]
) -> Response:
    """What became of each line, in the order of the lines."""
    with store.reading() as connection:
        if not batches.owned(connection, caller.owner, batch):
            raise NotFound
        return ndjson(list(batches.results(connection, caller.owner, batch)))
