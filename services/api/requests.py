"""What is asked of a request before a route sees it, in the contract's order of checks."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Path, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext

from services.access.buckets import Buckets
from services.access.logbook import Logbook
from services.access.tokens import Caller, Callers
from services.errors import BadRequest, Forbidden, NotFound, TooLarge, TooSlow, Unauthorised, UnsupportedMediaType
from services.store import sources
from services.store.engine import Store
from services.store.writing import Owner

MOST_ITEMS = 1000
PATIENCE_SECONDS, SLOWEST_BYTES_A_SECOND = 20.0, 16_384
"""How long a body may take: so many seconds, and one more for each so many bytes of it."""


def the_store(request: Request) -> Store:
    """The store that the app was made with."""
    store: Store = request.app.state.store
    return store


def the_logbook(request: Request) -> Logbook:
    """The logbook that the app was made with."""
    logbook: Logbook = request.app.state.logbook
    return logbook


StoreOf = Annotated[Store, Depends(the_store)]
SourceName = Annotated[str, Path(description="The posting system's name")]


Check = Callable[[Request], object]
"""What reads a header or a parameter, and raises BadRequest."""


@dataclass(frozen=True)
class May:
    """Who calls, where the call is allowed: with a token that has the scope, and a request that is well formed.

    A route's need is read from it: see `scope_of`.
    """

    scope: str
    parameters: tuple[str, ...]
    checks: tuple[Check, ...]

    async def __call__(self, request: Request) -> Caller:
        found = await the_caller(request)
        refuse_parameters(request, self.parameters)
        for check in self.checks:
            check(request)
        may(found, self.scope)
        return found


def requires(scope: str, *parameters: str, checks: tuple[Check, ...] = ()) -> May:
    """Who calls, with a token that has the scope; no query parameters but those named, and what the checks read."""
    return May(scope, parameters, checks)


def scope_of(route: RouteContext) -> str | None:
    """The scope that a route requires, None where it requires none."""
    asked = _dependencies(route.dependant) if isinstance(route.original_route, APIRoute) else ()
    needs = (getattr(one.call, "scope", None) for one in asked)
    return next((scope for scope in needs if scope), None)


def _dependencies(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _dependencies(one)


async def the_caller(request: Request) -> Caller:
    """Who calls, as often as a source may; raises Unauthorised and TooManyRequests."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorised
    callers: Callers = request.app.state.callers
    rates: Buckets = request.app.state.rates
    found = await callers(token)
    rates.take(found.owner.source)
    return found


def may(caller: Caller, scope: str) -> None:
    """Raises Forbidden where the caller lacks the scope."""
    if scope not in caller.scopes:
        raise Forbidden(f"This call needs the scope {scope}")


def refuse_parameters(request: Request, known: tuple[str, ...] = ()) -> None:
    """A parameter that would be ignored is refused: its sender meant something by it."""
    unknown = set(request.query_params) - set(known)
    if unknown:
        takes = ", ".join(known) or "none"
        raise BadRequest(f"This address takes these query parameters: {takes}")


def owns_source(found: Caller, source: str) -> None:
    """A client writes its own source only; of others it does not learn that they exist."""
    if source != found.owner.source:
        raise NotFound(f"Your client posts as the source {found.owner.source}, and as no other")


def readable(store: Store, caller: Caller, name: str) -> Owner:
    """The source, where it is one of the caller's own agency; raises NotFound."""
    with store.reading() as connection:
        source = sources.source(connection, name)
    if source is None or source.agency != caller.owner.agency:
        raise NotFound
    return Owner(source.name, source.agency)


def body_up_to(limit: int, *types: str) -> Callable[[Request], Awaitable[bytes]]:
    """The body, of one of these types, never more of it in memory than the limit."""

    async def read(request: Request) -> bytes:
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if media_type_in_utf8(request) not in types or encoding != "identity":
            raise UnsupportedMediaType(f"Send {' or '.join(types)}, in UTF-8 and not compressed")
        if declared_length(request) > limit:
            raise TooLarge
        return await arrived(request, limit)

    return read


def media_type_in_utf8(request: Request) -> str:
    """The type that Content-Type names; nothing where it names another charset than UTF-8."""
    given, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    charsets = {part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")}
    return given if charsets <= {"utf-8"} else ""


def declared_length(request: Request) -> int:
    """What Content-Length says, 0 where there is none; raises BadRequest for what is no number."""
    declared = request.headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,18}", declared):
        raise BadRequest("Content-Length is not a number of bytes")
    return int(declared)


async def arrived(request: Request, limit: int) -> bytes:
    """The body once it is here; raises TooLarge as soon as it passes the limit, TooSlow as soon as it lags."""
    body, began = bytearray(), asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS) as patience:
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise TooLarge
                patience.reschedule(began + PATIENCE_SECONDS + len(body) / SLOWEST_BYTES_A_SECOND)
    except TimeoutError:
        raise TooSlow from None
    return bytes(body)


class Posted(NamedTuple):
    """A body, and who sent it."""

    caller: Caller
    body: bytes


@dataclass(frozen=True)
class OwnBody:
    """What a client that may write sends to its own source, the one that the address names."""

    may_write: May
    limit: int
    media_type: str

    @property
    def scope(self) -> str:
        return self.may_write.scope

    async def __call__(self, request: Request) -> Posted:
        caller = await self.may_write(request)
        owns_source(caller, request.path_params["source"])
        return Posted(caller, await body_up_to(self.limit, self.media_type)(request))


def own_body(may_write: May, limit: int, media_type: str) -> OwnBody:
    """What a client that `may_write` sends to its own source."""
    return OwnBody(replace(may_write, checks=(if_match, idempotency_key, validates, is_atomic)), limit, media_type)


def validates(request: Request) -> bool:
    """Whether nothing is to be kept."""
    return says(request, "validate", "only")


def is_atomic(request: Request) -> bool:
    """Whether all of a batch is to be kept or nothing."""
    return says(request, "atomic", "true")


def says(request: Request, parameter: str, value: str) -> bool:
    """Whether a parameter that knows one value is given it; raises BadRequest for another."""
    given = request.query_params.get(parameter)
    if given not in (None, value):
        raise BadRequest(f"The parameter {parameter} takes {value}, or is left out")
    return given is not None


def if_match(request: Request) -> int | None:
    """The version that If-Match names; raises BadRequest."""
    given = request.headers.get("if-match")
    if given is None:
        return None
    named = re.fullmatch(r'"(\d{1,9})"', given)
    if named is None:
        raise BadRequest('If-Match names one version, as in "3"')
    return int(named[1])


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key of a request; raises BadRequest."""
    given = request.headers.getlist("idempotency-key")
    if len(given) > 1 or not all(re.fullmatch(r"[!-~]{1,255}", key) for key in given):
        raise BadRequest("Idempotency-Key is sent once, 1 to 255 characters of visible ASCII")
    return given[0] if given else None


def paging(request: Request) -> tuple[int, int]:
    """`after` and `limit` of a list whose items are numbered; raises BadRequest."""
    after = request.query_params.get("after", "0")
    if not re.fullmatch(r"\d{1,18}", after, re.ASCII):
        raise BadRequest("after is the `next` of the page before")
    return int(after), limit_of(request)


def limit_of(request: Request) -> int:
    """`limit` of a list; raises BadRequest."""
    limit = request.query_params.get("limit", "100")
    if not re.fullmatch(r"\d{1,18}", limit, re.ASCII) or not 1 <= int(limit) <= MOST_ITEMS:
        raise BadRequest(f"limit is 1 to {MOST_ITEMS}")
    return int(limit)


PAGING: dict[str, Any] = {
    "parameters": [
        {
            "name": "limit",
            "in": "query",
            "description": "How many at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": 100},
        },
        {
            "name": "after",
            "in": "query",
            "description": "The `next` of the page before.",
            "schema": {"type": "integer", "minimum": 0, "default": 0},
        },
    ]
}
"""What OpenAPI says of a list's parameters."""
