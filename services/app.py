"""The service: every route over one store."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from quality.catalogue import rules
from schemas.registry import FAMILIES
from services.access.authentication import Clients
from services.access.buckets import Buckets
from services.access.issuer import issuer_of
from services.access.keeper import keep
from services.access.logbook import Logbook
from services.access.tokens import Callers
from services.api import (
    audit,
    batches,
    changes,
    children,
    health,
    quality,
    receipts,
    reconciliation,
    records,
    reference,
    runs,
    safeguards,
    search,
    sharing,
    sign_offs,
    tokens,
)
from services.api.answers import Frame, answer_bad_parameter, answer_http_error, answer_problem
from services.api.described import contract_schemas
from services.api.requests import scope_of
from services.errors import Problem
from services.intake.singles import gathering
from services.settings import Settings
from services.store.engine import Store

ABOUT = "A shared multi-agency data service for Scotland's children's services."
ROUTERS = (
    tokens.router,
    audit.router,
    batches.router,
    changes.router,
    reconciliation.router,
    receipts.router,
    search.router,
    children.router,
    reference.router,
    quality.router,
    safeguards.router,
    sharing.router,
    runs.router,
    sign_offs.router,
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
        keeping = asyncio.create_task(keep(store, settings))
        yield
        keeping.cancel()
        for held in (app.state.singles, app.state.callers, app.state.logbook, store):
            held.close()

    app = FastAPIOffline(
        title="Kith",
        version="0.1.0",
        description=ABOUT,
        redoc_url=None,
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    app.state.store, app.state.singles, app.state.logbook = store, gathering(store), Logbook(store)
    app.state.clients, app.state.callers = Clients(store, settings), Callers(store, issuer_of(settings))
    app.state.rates = Buckets(settings.rate_limit, 2 * settings.rate_limit)
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
        for methods in document["paths"].values():
            for operation in methods.values():
                _correct(operation)
        for route in iter_route_contexts(app.routes):
            if scope_of(route):
                _say_that_a_token_is_needed(document, route)
        return document

    app.openapi = described  # type: ignore[method-assign]


def _own_schemas(schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: schema for name, schema in schemas.items() if name not in FRAMEWORK_ERRORS}


def _correct(operation: dict[str, Any]) -> None:
    """Take out the framework's own error, which is never sent."""
    if any(name in str(operation["responses"].get("422")) for name in FRAMEWORK_ERRORS):
        del operation["responses"]["422"]


def _say_that_a_token_is_needed(document: dict[str, Any], route: RouteContext) -> None:
    operations = document["paths"].get(route.path_format, {})
    for method in operations.keys() & {method.lower() for method in route.methods or ()}:
        operations[method]["security"] = [{"token": []}]
