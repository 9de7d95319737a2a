"""The least that a request over HTTP can cost here: a bare Starlette that reads the body and answers."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    return JSONResponse({"bytes": len(await request.body())})


app = Starlette(routes=[Route("/{path:path}", echo, methods=["POST", "PUT"])])
