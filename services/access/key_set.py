"""The public keys of an external issuer: fetched when they are needed, kept while the issuer is out of reach."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import jwt

from services.access.public_keys import NOT_JSON, PublicKey, algorithms_for
from services.errors import Unavailable

logger = logging.getLogger("kith")

REFETCHED_SECONDS = 600
"""The age at which keys are fetched anew: one that the issuer withdrew is good no longer than that."""
GOOD_SECONDS = 24 * 3600
"""How long they are good where they cannot be fetched anew."""
BETWEEN_FETCHES_SECONDS = 60
PATIENCE_SECONDS = 3.0


class Key(NamedTuple):
    """A public key, and the algorithms that it is for."""

    key: PublicKey
    algorithms: list[str]


class OutOfReach(Exception):
    """The keys cannot be fetched; the message says why."""


class KeySet:
    """The keys at an https address or in a file, by their `kid`."""

    def __init__(self, place: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._place, self._clock, self._fetching = place, clock, Lock()
        self._keys: Mapping[str, Key] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, key_id: str | None) -> Key | None:
        """The key of that id; raises Unavailable where the keys held are too old to tell."""
        if self._age() > REFETCHED_SECONDS or key_id not in self._keys:
            self._fetch_again(key_id)
        if self._age() > GOOD_SECONDS:
            raise Unavailable("The keys of the issuer of this token cannot be fetched just now; try again")
        return self._keys.get(key_id or "")

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _fetch_again(self, key_id: str | None) -> None:
        """Fetch the keys, unless that was tried just now; who knows its key does not wait for another that fetches."""
        if not self._fetching.acquire(blocking=key_id not in self._keys):
            return
        try:
            if self._clock() - self._tried_at >= BETWEEN_FETCHES_SECONDS:
                self._tried_at = self._clock()
                self._keys, self._fetched_at = fetched(self._place), self._clock()
        except OutOfReach as error:
            logger.warning("the keys of the external issuer are not fetched anew: %s", error)
        finally:
            self._fetching.release()


def fetched(place: str) -> Mapping[str, Key]:
    """The keys there that can be used, by id; raises OutOfReach."""
    try:
        found = _from_address(place) if place.startswith(("http://", "https://")) else _from_file(place)
        given = found["keys"]
        keys = {jwk["kid"]: _key(jwk) for jwk in given if isinstance(jwk.get("kid"), str)}
    except (*NOT_JSON, OSError, LookupError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise OutOfReach(f"{place} gives no JSON Web Key Set: {type(error).__name__}") from error
    usable = {key_id: key for key_id, key in keys.items() if key.algorithms}
    if not usable:
        raise OutOfReach(f"{place} has no key that can be used")
    return usable


def _from_address(address: str) -> Any:
    return jwt.PyJWKClient(address, cache_jwk_set=False, timeout=PATIENCE_SECONDS).fetch_data()


def _from_file(path: str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def _key(jwk: Mapping[str, Any]) -> Key:
    """A key of the set; without algorithms where it is of another kind, or not for signing."""
    try:
        key = jwt.PyJWK(dict(jwk)).key
    except jwt.PyJWTError:
        key = None
    is_for_signing = jwk.get("use", "sig") == "sig"
    return Key(key, [one for one in algorithms_for(key) if is_for_signing and jwk.get("alg", one) == one])
