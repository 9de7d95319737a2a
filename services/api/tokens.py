"""Tokens: OAuth 2.0 client credentials, by HTTP Basic or by an assertion signed with the client's key."""

import base64
from typing import Annotated
from urllib.parse import parse_qs, unquote_plus

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse

from services.access.authentication import TOKEN_PATH, Clients
from services.access.tokens import issue
from services.api.described import TokenAnswer
from services.api.requests import StoreOf, body_up_to
from services.errors import BadRequest, UnknownClient
from services.store.sources import Registered

router = APIRouter(tags=["tokens"])
FORM = "application/x-www-form-urlencoded"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "scope": {"type": "string"},
                        "client_assertion_type": {"const": ASSERTION_TYPE},
                        "client_assertion": {"type": "string"},
                    },
                }
            }
        },
    },
    "security": [{"client": []}, {}],
}


@router.post(TOKEN_PATH, responses=TokenAnswer.answers(), openapi_extra=_BODY)
def token(request: Request, store: StoreOf, body: Annotated[bytes, Depends(body_up_to(16_384, FORM))]) -> JSONResponse:
    """A token for an hour; all granted scopes where none is named.

    The client proves itself by HTTP Basic with its secret, or by a client assertion
    (RFC 7523) signed with its key: `iss` and `sub` its id, `aud` this service, `exp`
    5 minutes ahead at most, and a `jti` of its own.
    """
    form = _form(body)
    client = _client(request, form)
    if form.get("grant_type") != "client_credentials":
        raise BadRequest("grant_type must be client_credentials", detail="unsupported_grant_type")
    made = issue(store, client, form.get("scope"))
    return JSONResponse(
        {
            "access_token": made.access_token,
            "token_type": "Bearer",
            "expires_in": made.expires_in,
            "scope": made.scope,
        }
    )


def _form(body: bytes) -> dict[str, str]:
    """The fields of a form, each sent once; raises BadRequest."""
    fields = parse_qs(body.decode("utf-8", "replace"))
    if any(len(values) > 1 for values in fields.values()):
        raise BadRequest("A field of the form is sent once", detail="invalid_request")
    return {name: value for name, (value,) in fields.items()}


def _client(request: Request, form: dict[str, str]) -> Registered:
    """The client that proves itself, in one way of the two; raises UnknownClient, BadRequest or TooManyRequests."""
    clients: Clients = request.app.state.clients
    assertion = form.get("client_assertion")
    if assertion is None:
        return clients.by_secret(*_basic(request))
    if "authorization" in request.headers or form.get("client_assertion_type") != ASSERTION_TYPE:
        raise BadRequest(f"A client_assertion goes with the client_assertion_type {ASSERTION_TYPE}, and nothing else")
    client = clients.by_assertion(assertion)
    if form.get("client_id", client.client_id) != client.client_id:
        raise UnknownClient("The client_id is not the one that the assertion is of")
    return client


def _basic(request: Request) -> tuple[str, str]:
    """The client's id and secret from HTTP Basic; raises UnknownClient."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        raise UnknownClient from None
    if scheme.lower() != "basic" or not colon or "\0" in unquote_plus(client_id):
        raise UnknownClient("Give the client id and secret by HTTP Basic, or a client assertion")
    return unquote_plus(client_id), unquote_plus(secret)
