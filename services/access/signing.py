"""The keys that Kith signs its own tokens with: the newest signs, the former are good while their tokens are."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from services.settings import OWN_ISSUER
from services.store import sources
from services.store.engine import Store
from services.store.tables import SigningKey

LIFETIME = timedelta(hours=1)
"""How long a token is good."""
OVERLAP = LIFETIME + timedelta(minutes=1)
"""How long a former key is: until the last token signed with it has ended."""
ALGORITHM = "HS256"


def signed(store: Store, claims: Mapping[str, Any], at: datetime) -> str:
    """A token that says so, from now for an hour."""
    key = _newest(store)
    said = {"iss": OWN_ISSUER, "iat": at, "exp": at + LIFETIME, **claims}
    return jwt.encode(said, key.secret, algorithm=ALGORITHM, headers={"kid": key.key_id})


def read(store: Store, token: str) -> dict[str, Any]:
    """What a token says that was signed with a key good still; raises jwt.InvalidTokenError."""
    at, key_id = datetime.now(UTC), jwt.get_unverified_header(token).get("kid")
    with store.reading() as connection:
        keys = {key.key_id: key for key in sources.signing_keys(connection) if _is_good(key, at)}
    if key_id not in keys:
        raise jwt.InvalidTokenError
    required = ["exp", "sub", "scope"]
    return jwt.decode(token, keys[key_id].secret, [ALGORITHM], issuer=OWN_ISSUER, options={"require": required})


def rotate(store: Store, at_once: bool = False) -> str:
    """Sign with a new key from now on; its id.

    Tokens of the former keys stay good until they end, or, `at_once`, are good no longer.
    """
    at = datetime.now(UTC)
    key = _new_key(at)
    with store.writing() as connection:
        sources.end_signing_keys(connection, at if at_once else at + OVERLAP)
        sources.add_signing_key(connection, key)
    return key.key_id


def _is_good(key: SigningKey, at: datetime) -> bool:
    return key.expires_at is None or key.expires_at > at


def _newest(store: Store) -> SigningKey:
    """The key that signs; the first one is made where there is none."""
    with store.reading() as connection:
        signing = [key for key in sources.signing_keys(connection) if key.expires_at is None]
    if signing:
        return signing[0]
    key = _new_key(datetime.now(UTC))
    with store.writing() as connection:
        sources.add_signing_key(connection, key)
    return key


def _new_key(at: datetime) -> SigningKey:
    return SigningKey(key_id=secrets.token_hex(4), secret=secrets.token_bytes(32), created_at=at)
