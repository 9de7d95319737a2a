"""Who asks about a child: the headers that every read about one needs, in the contract's order of checks."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from services.access.asker import PURPOSE, WORKER, Asker, said
from services.api.requests import Check, may, refuse_parameters, the_caller


@dataclass(frozen=True)
class Asks:
    """Who asks, with a token that has the scope, a purpose and a worker, by a request that is well formed."""

    scope: str
    parameters: tuple[str, ...]
    checks: tuple[Check, ...]

    async def __call__(self, request: Request) -> Asker:
        caller = await the_caller(request)
        refuse_parameters(request, self.parameters)
        for check in self.checks:
            check(request)
        headers = request.headers
        told = said(headers.getlist(PURPOSE), headers.getlist(WORKER), caller.owner.agency)
        may(caller, self.scope)
        return Asker(caller.owner, caller.client_id, told.worker, told.role, told.purpose, request.state.request_id)


def asks(scope: str, *parameters: str, checks: tuple[Check, ...] = ()) -> Asks:
    """Who asks about a child; no query parameters but those named, and what the checks read."""
    return Asks(scope, parameters, checks)


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
