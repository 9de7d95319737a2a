"""How the service answers: JSON, problems (RFC 9457), and what every request and answer carries."""

import asyncio
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import uuid4

import orjson
from prometheus_client import Counter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from services.errors import BadRequest, NoSuchAddress, NotAllowed, Problem

logger = logging.getLogger("kith")

REQUESTS = Counter("kith_requests", "Requests answered", ["method", "route", "status"])
DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
NOTHING = "default-src 'none'; frame-ancestors 'none'"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
LINGERING_SECONDS = 2.0
ECHOED = re.compile(r"[A-Za-z0-9._-]{1,128}")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class ProblemAnswer(JSONResponse):
    media_type = "application/problem+json"


def problem_answer(request: Request, problem: Problem) -> Response:
    """The answer that a problem is."""
    body = problem.as_json(request.state.request_id)
    return ProblemAnswer(body, problem.status, headers=problem.headers)


async def answer_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem_answer(request, problem)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own errors (no such address, no such method) as problems."""
    assert isinstance(error, HTTPException)
    kind = {404: NoSuchAddress, 405: NotAllowed}.get(error.status_code, BadRequest)
    return problem_answer(request, kind(headers=error.headers))


async def answer_bad_parameter(request: Request, error: Exception) -> Response:
    """A path or query parameter that is not what the address takes."""
    return problem_answer(request, BadRequest("A parameter of this address is not as /openapi.json says"))


class Frame:
    """Around every request: its id, the headers of every answer, the count, and the 500 that tells nothing."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request, body = Request(scope), Incoming(scope, receive)
        given = request.headers.get("x-request-id", "")
        request.state.request_id = given if ECHOED.fullmatch(given) else str(uuid4())
        started = False

        async def framed(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _framed_headers(scope, request.state.request_id, message, body.is_unread)
                _count(scope, message["status"])
            elif body.is_unread and not message.get("more_body"):
                await send({**message, "more_body": True})
                await body.discard()
                message = {"type": "http.response.body"}
            await send(message)

        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            await problem_answer(request, BadRequest("An address holds no NUL character"))(scope, receive, framed)
            return
        try:
            await self.app(scope, body.receive, framed)
        except ClientDisconnect:
            logger.info("request %s ended before its body did", request.state.request_id)
        except Exception as error:
            logger.error("request %s failed: %s", request.state.request_id, _traced(error))
            if started:
                raise
            await problem_answer(request, Problem())(scope, receive, framed)


class Incoming:
    """A request's body on its way in.

    One that is answered before it is all here may never end: its connection is
    closed, once the sender has had a moment to stop and to read the answer.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = Headers(scope=scope)
        self.is_unread = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._receive = receive

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self.is_unread = self.is_unread and bool(message.get("more_body"))
        return message

    async def discard(self) -> None:
        """Let the rest of it come, for a moment, and keep nothing of it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGERING_SECONDS):
                while self.is_unread:
                    await self.receive()


def _traced(error: Exception) -> str:
    """Where an error arose and its class; never its message, which may hold what was posted."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    return f"{type(error).__name__} at {' > '.join(f'{Path(one.filename).name}:{one.lineno}' for one in frames)}"


def _framed_headers(
    scope: Scope, request_id: str, message: MutableMapping[str, Any], closes: bool
) -> list[tuple[bytes, bytes]]:
    policy = DOCS_POLICY if scope["path"] == "/docs" else NOTHING
    own = {"X-Request-ID": request_id, "Content-Security-Policy": policy} | HEADERS
    own |= {"Connection": "close"} if closes else {}
    given = {name.lower() for name, _ in message["headers"]}
    more = ((name.lower().encode(), value.encode()) for name, value in own.items())
    return [*message["headers"], *(pair for pair in more if pair[0] not in given)]


def _count(scope: Scope, status: int) -> None:
    route = getattr(scope.get("route"), "path", "none")
    REQUESTS.labels(scope["method"], route, str(status)).inc()


def answer(body: Any, status: int = 200) -> Response:
    """A body as JSON; dates and instants as text."""
    return Response(orjson.dumps(body, default=str), status, media_type="application/json")


def page(items: list[Any], after: Any) -> Response:
    """A list with where it goes on, None at its end."""
    return answer({"items": items, "next": after})


IN_MEMORY, PIECE = 1024 * 1024, 64 * 1024
"""Bytes of a long answer kept in memory, and sent at a time."""


def spooled(parts: Iterable[str], media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """A long answer, laid aside on disk before it is sent.

    Thus a slow reader holds no transaction open, a failure halfway is still a
    problem and not half an answer, and the length is known.
    """
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (closed when it was sent)
    file.writelines(part.encode() for part in parts)
    length = {"Content-Length": str(file.tell())}
    file.seek(0)
    return StreamingResponse(_pieces(file), media_type=media_type, headers={**length, **(headers or {})})


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
