"""The service: every route over one store."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from quality.catalogue import rules
from schemas.registry import FAMILIES
from services.access.tokens import Callers
from services.api import (
    batches,
    changes,
    health,
    quality,
    receipts,
    reconciliation,
    records,
    reference,
    scorecards,
    tokens,
)
from services.api.answers import Frame, answer_bad_parameter, answer_http_error, answer_problem
from services.api.described import contract_schemas
from services.errors import Problem
from services.intake.singles import gathering
from services.settings import Settings
from services.store.engine import Store

ABOUT = "A shared multi-agency data service for Scotland's children's services."
ROUTERS = (
    tokens.router,
    batches.router,
    changes.router,
    reconciliation.router,
    receipts.router,
    reference.router,
    quality.router,
    scorecards.router,
    health.router,
)
FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "client": {"type": "http", "scheme": "basic"},
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; its store is opened here and closed when it stops."""
    settings = settings or Settings()
    store = Store(settings.store_url, settings.database_pool)
    rules()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _collect_garbage_less_often()
        yield
        for held in (app.state.singles, app.state.callers, store):
            held.close()

    app = FastAPIOffline(
        title="Kith",
        version="0.1.0",
        description=ABOUT,
        redoc_url=None,
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    app.state.store, app.state.callers, app.state.singles = store, Callers(store), gathering(store)
    for family in FAMILIES:
        app.include_router(reconciliation.digest_route(family))
        app.include_router(records.family_routes(family))
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(RequestValidationError, answer_bad_parameter)
    app.add_middleware(Frame)
    _describe(app)
    return app


def _collect_garbage_less_often() -> None:
    """What was loaded stays; a batch makes very many objects, none of them in a circle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _describe(app: FastAPI) -> None:
    """Add the contracts and the ways to log in to the OpenAPI description."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document = plain()
        components = document.setdefault("components", {})
        components["schemas"] = _own_schemas(components.get("schemas", {})) | contract_schemas()
        components["securitySchemes"] = SECURITY
        for path, methods in document["paths"].items():
            for operation in methods.values():
                _correct(path, operation)
        return document

    app.openapi = described  # type: ignore[method-assign]


def _own_schemas(schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: schema for name, schema in schemas.items() if name not in FRAMEWORK_ERRORS}


def _correct(path: str, operation: dict[str, Any]) -> None:
    """Take out the framework's own error, which is never sent, and say where a token is needed."""
    if any(name in str(operation["responses"].get("422")) for name in FRAMEWORK_ERRORS):
        del operation["responses"]["422"]
    if path.startswith(("/v1/sources", "/v1/changes", "/v1/batches", "/v1/quality")):
        operation.setdefault("security", [{"token": []}])
