"""Tokens: OAuth 2.0 client credentials, by HTTP Basic."""

import base64
from typing import Annotated
from urllib.parse import parse_qs, unquote_plus

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse

from services.access.tokens import issue
from services.api.described import TokenAnswer
from services.api.requests import StoreOf, body_up_to
from services.errors import BadRequest, UnknownClient

router = APIRouter(tags=["tokens"])
FORM = "application/x-www-form-urlencoded"
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {"grant_type": {"const": "client_credentials"}, "scope": {"type": "string"}},
                }
            }
        },
    },
    "security": [{"client": []}],
}


@router.post("/oauth/token", responses=TokenAnswer.answers(), openapi_extra=_BODY)
def token(request: Request, store: StoreOf, body: Annotated[bytes, Depends(body_up_to(16_384, FORM))]) -> JSONResponse:
    """A token for an hour; all granted scopes where none is named."""
    form = parse_qs(body.decode("utf-8", "replace"))
    client_id, secret = _basic(request)
    if form.get("grant_type") != ["client_credentials"]:
        raise BadRequest("grant_type must be client_credentials", detail="unsupported_grant_type")
    made = issue(store, client_id, secret, form.get("scope", [None])[0])
    return JSONResponse(
        {
            "access_token": made.access_token,
            "token_type": "Bearer",
            "expires_in": made.expires_in,
            "scope": made.scope,
        }
    )


def _basic(request: Request) -> tuple[str, str]:
    """The client's id and secret from HTTP Basic; raises UnknownClient."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        raise UnknownClient from None
    if scheme.lower() != "basic" or not colon or "\0" in unquote_plus(client_id):
        raise UnknownClient("Give the client id and secret by HTTP Basic")
    return unquote_plus(client_id), unquote_plus(secret)
