"""Whether the service lives, is ready for work, and what it counts."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from services.api.answers import answer
from services.api.described import problems
from services.api.requests import StoreOf
from services.errors import Unavailable
from services.store.schema import revisions

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> Response:
    """The process lives."""
    return answer({"status": "alive"})


@router.get("/readyz", responses=problems(503))
def readyz(store: StoreOf) -> Response:
    """The store is reached and its schema is the one this release wants."""
    with store.reading() as connection:
        held, wanted = revisions(connection)
    if held != wanted:
        raise Unavailable(f"The store's schema is {held}, this release wants {wanted}: run kith migrate")
    return answer({"status": "ready", "schema": held})


@router.get("/metrics", response_class=Response)
def metrics() -> Response:
    """Counts for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
