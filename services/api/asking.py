"""Who asks about a child, from the caller and the headers of the request."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request

from schemas.codelists import code_list
from services.access.asker import PURPOSE, WORKER, Asker
from services.api.requests import requires
from services.errors import PurposeRequired

_WORKER = re.compile(r"([!-:<-~]{1,128}); ?role=([a-z-]{1,64})")


def asks(scope: str, *parameters: str) -> Callable[[Request], Awaitable[Asker]]:
    """Who asks, with a token that has the scope; raises PurposeRequired where the headers do not say who and why."""
    may = requires(scope, *parameters)

    async def asker(request: Request) -> Asker:
        caller = await may(request)
        purpose = request.headers.get(PURPOSE, "")
        named = _WORKER.fullmatch(request.headers.get(WORKER, ""))
        known = named and named[2] in code_list("practitioner_roles") and purpose in code_list("purposes")
        if named is None or not known:
            raise PurposeRequired
        return Asker(caller.owner, caller.client_id, named[1], named[2], purpose, request.state.request_id)

    return asker


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
