"""Access tokens: short signed JWTs for clients, good across restarts, dead once the client is revoked."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from services.access.credentials import fits, is_good
from services.errors import BadRequest, Unauthorised, UnknownClient
from services.store import sources
from services.store.engine import Store
from services.store.tables import SigningKey
from services.store.writing import Owner

LIFETIME = timedelta(hours=1)
ALGORITHM = "HS256"
ISSUER = "kith"


@dataclass(frozen=True)
class Caller:
    """Who calls: a client of a source of an agency, with the scopes of its token."""

    client_id: str
    owner: Owner
    scopes: frozenset[str]


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
        found = sources.client(connection, client_id)
    if found is None or not is_good(found[0], at) or not fits(found[0], secret):
        raise UnknownClient
    granted = found[0].scopes.split()
    asked = scope.split() if scope else granted
    if not set(asked) <= set(granted):
        raise BadRequest("The client was not granted that scope", detail="invalid_scope")
    return Token(_signed(store, client_id, " ".join(asked), at), " ".join(asked))


def caller(store: Store, token: str) -> Caller:
    """Who holds a token; raises Unauthorised where it is not good (any more)."""
    claims = _claims(store, token)
    with store.reading() as connection:
        found = sources.client(connection, claims["sub"])
    if found is None or not is_good(found[0], datetime.now(UTC)):
        raise Unauthorised("The client of this token was revoked")
    client, source = found
    scopes = frozenset(claims["scope"].split()) & frozenset(client.scopes.split())
    return Caller(client.client_id, Owner(source.name, source.agency), scopes)


def _signed(store: Store, client_id: str, scope: str, at: datetime) -> str:
    key = _signing_key(store)
    claims = {"iss": ISSUER, "sub": client_id, "scope": scope, "iat": at, "exp": at + LIFETIME}
    return jwt.encode(claims, key.secret, algorithm=ALGORITHM, headers={"kid": key.key_id})


def _claims(store: Store, token: str) -> dict[str, str]:
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        with store.reading() as connection:
            key = next(held for held in sources.signing_keys(connection) if held.key_id == key_id)
        claims: dict[str, str] = jwt.decode(
            token, key.secret, [ALGORITHM], issuer=ISSUER, options={"require": ["exp", "sub", "scope"]}
        )
        return claims
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
