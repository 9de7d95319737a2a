"""private_key_jwt (RFC 7523): a client that signs a short statement of who it is, good for one use."""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from services.access.public_keys import algorithms_for, from_pem
from services.errors import UnknownClient
from services.store import assertions
from services.store.engine import Store
from services.store.sources import Registered
from services.store.tables import UsedAssertion

LONGEST = timedelta(minutes=5)
"""How far ahead an assertion may end."""
LEEWAY = timedelta(seconds=30)
"""How far apart two clocks may be."""
REQUIRED = ["iss", "sub", "aud", "exp", "jti"]


def claimed_client(assertion: str) -> str:
    """Who an assertion says that it is of, its signature not looked at; raises UnknownClient."""
    try:
        claimed = jwt.decode(assertion, options={"verify_signature": False}).get("sub")
    except jwt.InvalidTokenError:
        claimed = None
    if not isinstance(claimed, str) or "\0" in claimed:
        raise UnknownClient("The client assertion is no JWT whose sub is a client id")
    return claimed


def accept(store: Store, client: Registered, assertion: str, audiences: Collection[str]) -> None:
    """Accept an assertion of this client, once; raises UnknownClient, saying what is wrong with it."""
    at = datetime.now(UTC)
    claims = _verified(client, assertion, audiences)
    ends_at = int(claims["exp"])
    if ends_at > (at + LONGEST + LEEWAY).timestamp():
        raise UnknownClient(f"A client assertion ends {LONGEST.seconds // 60} minutes ahead at most (exp)")
    if not re.fullmatch(r"[!-~]{1,255}", claims["jti"]):
        raise UnknownClient("The jti of a client assertion is 1 to 255 characters of visible ASCII")
    kept_until = datetime.fromtimestamp(ends_at, UTC) + LEEWAY
    used = UsedAssertion(client_id=client.client_id, jti=claims["jti"], kept_until=kept_until)
    if not store.write(lambda connection: assertions.use(connection, used, at)):
        raise UnknownClient("This client assertion was used before: sign a new one, with a jti of its own, each time")


def _verified(client: Registered, assertion: str, audiences: Collection[str]) -> dict[str, Any]:
    """What the assertion says, signed with the client's key, by and about the client, for this service alone."""
    key = from_pem(client.public_key or "")
    try:
        claims = jwt.decode(
            assertion,
            key,
            algorithms_for(key),
            audience=audiences,
            issuer=client.client_id,
            subject=client.client_id,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )
    except jwt.InvalidTokenError as error:
        raise UnknownClient("The client assertion is not good", detail=str(error)) from None
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        raise UnknownClient("A client assertion is for one audience")
    return claims
