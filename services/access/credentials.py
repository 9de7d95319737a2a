"""Clients and their secrets: made once, shown once, kept only as a memory-hard hash."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from schemas.fields import is_agency
from services.access.administration import note
from services.access.scopes import SCOPES
from services.errors import BadRequest, NotFound
from services.store import sources
from services.store.engine import Store
from services.store.tables import Client, Source
from services.store.writing import Owner

OVERLAP = timedelta(hours=24)
"""How long an old secret stays good after a new one is made."""
SOURCE_NAME = r"[a-z0-9-]{3,64}"


@dataclass(frozen=True)
class Credentials:
    """A client's id and, this once, its secret."""

    client_id: str
    client_secret: str


def hashed(secret: str, salt: bytes) -> bytes:
    """The scrypt hash of a secret (16 MiB of memory)."""
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, maxmem=2**26)


def fits(client: Client | sources.Registered, secret: str) -> bool:
    """Whether the secret is the client's, in constant time."""
    return hmac.compare_digest(hashed(secret, client.salt), client.secret_hash)


def is_good(client: Client | sources.Registered, at: datetime) -> bool:
    """Whether a client is neither revoked nor past its end."""
    return client.revoked_at is None and (client.expires_at is None or client.expires_at > at)


def add_source(
    store: Store, name: str, agency: str, scopes: Iterable[str], live_from: date | None = None
) -> Credentials:
    """Add a posting system with its first client; raises BadRequest."""
    _check(name, agency, scopes)
    at = datetime.now(UTC)
    with store.writing() as connection:
        if sources.source(connection, name):
            raise BadRequest(f"There is a source called {name} already")
        sources.add_source(connection, Source(name=name, agency=agency, live_from=live_from, created_at=at))
        client, credentials = _made(name, scopes, at)
        sources.add_client(connection, client)
        note(connection, Owner(name, agency), "source_added", client=client.client_id, scopes=list(scopes))
    return credentials


def rotate(store: Store, name: str) -> Credentials:
    """Make a new secret; the old ones stay good for a day. Raises NotFound."""
    at = datetime.now(UTC)
    with store.writing() as connection:
        held = [client for client in sources.clients(connection, name) if is_good(client, at)]
        if not held:
            raise NotFound(f"There is no source called {name} with a client that is good")
        sources.end_clients(connection, name, at=at + OVERLAP, column="expires_at")
        client, credentials = _made(name, held[-1].scopes.split(), at)
        sources.add_client(connection, client)
        note(connection, _owner(connection, name), "source_rotated", client=client.client_id)
    return credentials


def revoke(store: Store, name: str) -> int:
    """Revoke all of a source's clients, effective on the next request; how many."""
    with store.writing() as connection:
        ended = sources.end_clients(connection, name, at=datetime.now(UTC), column="revoked_at")
        if ended:
            note(connection, _owner(connection, name), "source_revoked", clients=ended)
    return ended


def _owner(connection: Connection, name: str) -> Owner:
    found = sources.source(connection, name)
    assert found is not None
    return Owner(found.name, found.agency)


def _made(name: str, scopes: Iterable[str], at: datetime) -> tuple[Client, Credentials]:
    credentials = Credentials(secrets.token_hex(12), secrets.token_urlsafe(32))
    salt = secrets.token_bytes(16)
    client = Client(
        client_id=credentials.client_id,
        source=name,
        salt=salt,
        secret_hash=hashed(credentials.client_secret, salt),
        scopes=" ".join(scopes),
        created_at=at,
    )
    return client, credentials


def _check(name: str, agency: str, scopes: Iterable[str]) -> None:
    if not re.fullmatch(SOURCE_NAME, name):
        raise BadRequest("A source's name is 3 to 64 lower-case letters, digits and hyphens")
    if not is_agency(agency):
        raise BadRequest("There is no such agency; see the code list agencies, or name it TS-<name> or IP-<name>")
    unknown = set(scopes) - set(SCOPES)
    if unknown:
        raise BadRequest(f"There is no scope {', '.join(sorted(unknown))}; there are {' '.join(SCOPES)}")
