"""Access tokens: short signed JWTs for clients, good across restarts, dead once the client is revoked."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from services.access import signing
from services.access.credentials import is_good
from services.access.issuer import Issuer
from services.errors import BadRequest, Unauthorised
from services.store import sources
from services.store.engine import Store
from services.store.gathering import Gathering
from services.store.writing import Owner

MOST_REMEMBERED = 4096
"""Tokens that a process remembers to have read."""
REMEMBERED_SECONDS = 60.0
"""How long it does, so that a key that is good no longer is soon noticed."""


@dataclass(frozen=True)
class Caller:
    """Who calls: a client of a source of an agency, with the scopes of its token."""

    client_id: str
    owner: Owner
    scopes: frozenset[str]


@dataclass(frozen=True)
class Claims:
    """What a token says, its signature found good: `issuer` is None for Kith's own, `scope` where all are meant."""

    client_id: str
    issuer: str | None
    scope: str | None
    good_until: float


@dataclass(frozen=True)
class Token:
    """A token as it is handed out."""

    access_token: str
    scope: str
    expires_in: int = int(signing.LIFETIME.total_seconds())


def issue(store: Store, client: sources.Registered, scope: str | None) -> Token:
    """A token for a client that has proved itself; raises BadRequest for a scope not granted."""
    granted = client.scopes.split()
    asked = scope.split() if scope else granted
    if not set(asked) <= set(granted):
        raise BadRequest("The client was not granted that scope", detail="invalid_scope")
    claims = {"sub": client.client_id, "scope": " ".join(asked)}
    return Token(signing.signed(store, claims, datetime.now(UTC)), claims["scope"])


class Callers:
    """Who calls: tokens read once a minute, clients looked up for every request, those of one moment together."""

    def __init__(self, store: Store, issuer: Issuer | None = None) -> None:
        self._store, self._issuer = store, issuer
        self._read: dict[str, Claims] = {}
        self._clients = Gathering(self._look_up)

    async def __call__(self, token: str) -> Caller:
        """Who holds a token; raises Unauthorised where it is not good (any more)."""
        claims = self._read.get(token)
        if claims is None or claims.good_until <= time.time():
            claims = await self._remembered(token)
        client = await self._clients(claims.client_id)
        if client is None or client.issuer != claims.issuer or not is_good(client, datetime.now(UTC)):
            raise Unauthorised("The client of this token is not registered here, or was revoked")
        granted = frozenset(client.scopes.split())
        scopes = granted if claims.scope is None else granted.intersection(claims.scope.split())
        return Caller(client.client_id, Owner(client.source, client.agency), scopes)

    def close(self) -> None:
        self._clients.close()

    async def _remembered(self, token: str) -> Claims:
        claims = await asyncio.get_running_loop().run_in_executor(None, self._claims, token)
        if len(self._read) >= MOST_REMEMBERED:
            self._read.clear()
        self._read[token] = claims
        return claims

    def _claims(self, token: str) -> Claims:
        try:
            said_by = jwt.decode(token, options={"verify_signature": False}).get("iss")
            if self._issuer is not None and said_by == self._issuer.name:
                return _as_claims(self._issuer.read(token), self._issuer.name, self._issuer.client_claim)
            return _as_claims(signing.read(self._store, token), None, "sub")
        except jwt.InvalidTokenError:
            raise Unauthorised from None

    def _look_up(self, client_ids: Sequence[str]) -> list[sources.Registered | None]:
        with self._store.glance() as connection:
            found = sources.registered(connection, client_ids)
        return [found.get(client_id) for client_id in client_ids]


def _as_claims(said: dict[str, Any], issuer: str | None, client_claim: str) -> Claims:
    """What a token says, to be remembered until it ends and for a minute at most."""
    client_id, scope = said[client_claim], said.get("scope")
    if not isinstance(client_id, str) or "\0" in client_id or not isinstance(scope, str | None):
        raise jwt.InvalidTokenError
    return Claims(client_id, issuer, scope, min(int(said["exp"]), time.time() + REMEMBERED_SECONDS))
