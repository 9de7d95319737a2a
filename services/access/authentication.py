"""Who asks for a token: a client that knows its secret, or that signs with its key."""

import hmac
import secrets
from datetime import UTC, datetime

from services.access import assertions
from services.access.buckets import Buckets
from services.access.credentials import fits, is_good
from services.errors import UnknownClient
from services.settings import Settings
from services.store import sources
from services.store.engine import Store

WRONG_SECRETS, SECONDS_A_WRONG_SECRET = 20, 5
"""So many wrong secrets of one client at once, and then one in so many seconds."""
TOO_MANY = "Too many wrong secrets of this client; wait as long as Retry-After says"
TOKEN_PATH = "/oauth/token"  # noqa: S105  (an address)


class Clients:
    """Registered clients, and how they prove who they are.

    A secret that was right before is known again at once, by a digest under a key
    of this process: guessing at a client's secret keeps out who guesses, and a
    client that has had a token from this process never.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._audiences = {settings.public_url, settings.public_url + TOKEN_PATH} - {""}
        self._guesses = Buckets(1 / SECONDS_A_WRONG_SECRET, WRONG_SECRETS, TOO_MANY)
        self._key, self._right = secrets.token_bytes(32), dict[str, bytes]()

    def by_secret(self, client_id: str, secret: str) -> sources.Registered:
        """The client with that id and secret; raises UnknownClient, or TooManyRequests where many were wrong."""
        client = self._registered(client_id)
        if client.secret_hash is None:
            raise UnknownClient
        digest = hmac.digest(self._key, secret.encode(), "sha256")
        if not hmac.compare_digest(digest, self._right.get(client_id, b"")):
            self._guesses.take(client_id)
            if not fits(client, secret):
                raise UnknownClient
            self._guesses.put_back(client_id)
            self._right[client_id] = digest
        return client

    def by_assertion(self, assertion: str) -> sources.Registered:
        """The client that signed the assertion; raises UnknownClient."""
        client = self._registered(assertions.claimed_client(assertion))
        if client.public_key is None:
            raise UnknownClient
        assertions.accept(self._store, client, assertion, self._audiences)
        return client

    def _registered(self, client_id: str) -> sources.Registered:
        with self._store.reading() as connection:
            client = sources.registered(connection, [client_id]).get(client_id)
        if client is None or not is_good(client, datetime.now(UTC)):
            raise UnknownClient
        return client
