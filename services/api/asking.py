"""Who asks about a child: the headers that every read about one needs, in the contract's order of checks."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from services.access.asker import PURPOSE, WORKER, Asker, Said, asking, said
from services.access.tokens import Caller
from services.api.requests import Check, requires


def asks(scope: str, *parameters: str, checks: tuple[Check, ...] = ()) -> Callable[..., Asker]:
    """Who asks, with a token that has the scope, a purpose and a worker; no query parameters but those named."""
    may = requires(scope, *parameters, checks=(_said, *checks))

    def asker(request: Request, caller: Annotated[Caller, Depends(may)]) -> Asker:
        return asking(caller.owner, caller.client_id, _said(request), request.state.request_id)

    return asker


def _said(request: Request) -> Said:
    return said(request.headers.getlist(PURPOSE), request.headers.getlist(WORKER))


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
