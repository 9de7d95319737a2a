"""Access tokens: short signed JWTs for clients, good across restarts, dead once the client is revoked."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from services.access.credentials import fits, is_good
from services.errors import BadRequest, Unauthorised, UnknownClient
from services.store import sources
from services.store.engine import Store
from services.store.gathering import Gathering
from services.store.tables import SigningKey
from services.store.writing import Owner

LIFETIME = timedelta(hours=1)
ALGORITHM = "HS256"
ISSUER = "kith"
MOST_REMEMBERED = 4096
"""Tokens that a process remembers to have read."""


@dataclass(frozen=True)
class Caller:
    """Who calls: a client of a source of an agency, with the scopes of its token."""

    client_id: str
    owner: Owner
    scopes: frozenset[str]


@dataclass(frozen=True)
class Claims:
    """What a token says, its signature found good."""

    client_id: str
    scopes: frozenset[str]
    expires_at: float


@dataclass(frozen=True)
class Token:
    """A token as it is handed out."""

    access_token: str
    scope: str
    expires_in: int = int(LIFETIME.total_seconds())


def issue(store: Store, client_id: str, secret: str, scope: str | None) -> Token:
    """A token for a client's id and secret; raises UnknownClient, or BadRequest for a scope not granted."""
    at = datetime.now(UTC)
    with store.reading() as connection:
        client = sources.registered(connection, [client_id]).get(client_id)
    if client is None or not is_good(client, at) or not fits(client, secret):
        raise UnknownClient
    granted = client.scopes.split()
    asked = scope.split() if scope else granted
    if not set(asked) <= set(granted):
        raise BadRequest("The client was not granted that scope", detail="invalid_scope")
    return Token(_signed(store, client_id, " ".join(asked), at), " ".join(asked))


class Callers:
    """Who calls: tokens read once, clients looked up for every request, those of one moment together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, Claims] = {}
        self._clients = Gathering(self._look_up)

    async def __call__(self, token: str) -> Caller:
        """Who holds a token; raises Unauthorised where it is not good (any more)."""
        claims = self._read.get(token) or await self._remembered(token)
        if claims.expires_at <= time.time():
            raise Unauthorised
        client = await self._clients(claims.client_id)
        if client is None or not is_good(client, datetime.now(UTC)):
            raise Unauthorised("The client of this token was revoked")
        scopes = claims.scopes.intersection(client.scopes.split())
        return Caller(client.client_id, Owner(client.source, client.agency), scopes)

    def close(self) -> None:
        self._clients.close()

    async def _remembered(self, token: str) -> Claims:
        claims = await asyncio.get_running_loop().run_in_executor(None, _claims, self._store, token)
        if len(self._read) >= MOST_REMEMBERED:
            self._read.clear()
        self._read[token] = claims
        return claims

    def _look_up(self, client_ids: Sequence[str]) -> list[sources.Registered | None]:
        with self._store.reading() as connection:
            found = sources.registered(connection, client_ids)
        return [found.get(client_id) for client_id in client_ids]


def _signed(store: Store, client_id: str, scope: str, at: datetime) -> str:
    key = _signing_key(store)
    claims = {"iss": ISSUER, "sub": client_id, "scope": scope, "iat": at, "exp": at + LIFETIME}
    return jwt.encode(claims, key.secret, algorithm=ALGORITHM, headers={"kid": key.key_id})


def _claims(store: Store, token: str) -> Claims:
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        with store.reading() as connection:
            key = next(held for held in sources.signing_keys(connection) if held.key_id == key_id)
        claims = jwt.decode(token, key.secret, [ALGORITHM], issuer=ISSUER, options={"require": ["exp", "sub", "scope"]})
        return Claims(claims["sub"], frozenset(claims["scope"].split()), claims["exp"])
    except (jwt.InvalidTokenError, StopIteration):
        raise Unauthorised from None


def _signing_key(store: Store) -> SigningKey:
    """The newest key; the first one is made where there is none."""
    with store.reading() as connection:
        held = sources.signing_keys(connection)
    if held:
        return held[0]
    key = SigningKey(key_id=secrets.token_hex(4), secret=secrets.token_bytes(32), created_at=datetime.now(UTC))
    with store.writing() as connection:
        sources.add_signing_key(connection, key)
    return key
