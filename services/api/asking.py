"""Who asks about a child: the headers that every read about one needs, in the contract's order of checks."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request

from services.access.asker import PURPOSE, WORKER, Asker, said
from services.api.requests import may, refuse_parameters, the_caller


def asks(scope: str, *parameters: str) -> Callable[[Request], Awaitable[Asker]]:
    """Who asks, with a token that has the scope, a purpose and a worker; no query parameters but those named."""

    async def checked(request: Request) -> Asker:
        caller = await the_caller(request)
        refuse_parameters(request, parameters)
        headers = request.headers
        told = said(headers.getlist(PURPOSE), headers.getlist(WORKER), caller.owner.agency)
        may(caller, scope)
        request_id: str = request.state.request_id
        return Asker(caller.owner, caller.client_id, told.worker, told.role, told.purpose, request_id)

    return checked


ASKING: list[dict[str, Any]] = [
    {
        "name": PURPOSE,
        "in": "header",
        "required": True,
        "description": "What it is asked for: a code of the list purposes.",
        "schema": {"type": "string"},
    },
    {
        "name": WORKER,
        "in": "header",
        "required": True,
        "description": "For whom: <opaque id>; role=<code of the list practitioner_roles>.",
        "schema": {"type": "string"},
    },
]
"""What OpenAPI says of the two headers: a route adds them to its other `parameters`."""
