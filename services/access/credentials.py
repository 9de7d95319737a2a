"""Clients and what they prove themselves with: a secret, shown once and kept as a memory-hard hash, or a key."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from schemas.fields import is_agency
from services.access.administration import note
from services.access.public_keys import as_pem
from services.access.scopes import SCOPES
from services.errors import BadRequest, NotFound
from services.store import sources
from services.store.engine import Store
from services.store.tables import Client, Source
from services.store.writing import Owner

OVERLAP = timedelta(hours=24)
"""How long an old secret stays good after a new one is made."""
SOURCE_NAME = r"[a-z0-9-]{3,64}"
CLIENT_ID = r"[!-~]{1,255}"


@dataclass(frozen=True)
class Credentials:
    """A client's id and, this once, its secret, where it has one."""

    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Proof:
    """What a client proves itself with: a secret that is made here, its public key, or an issuer that knows its id."""

    public_key: str | None = None
    issuer: str | None = None
    client_id: str | None = None

    @property
    def is_secret(self) -> bool:
        return not self.public_key and not self.issuer


SECRET = Proof()


def by_public_key(text: str) -> Proof:
    """The proof of a client whose public key that is; raises BadRequest."""
    return Proof(public_key=as_pem(text))


def by_issuer(issuer: str, client_id: str) -> Proof:
    """The proof of a client that this issuer knows under that id; raises BadRequest."""
    if not issuer:
        raise BadRequest("No external issuer is set: see KITH_ISSUER")
    if not re.fullmatch(CLIENT_ID, client_id):
        raise BadRequest("A client's id is 1 to 255 characters of visible ASCII")
    return Proof(issuer=issuer, client_id=client_id)


def hashed(secret: str, salt: bytes) -> bytes:
    """The scrypt hash of a secret (16 MiB of memory)."""
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, maxmem=2**26)


def fits(client: sources.Registered, secret: str) -> bool:
    """Whether the secret is the client's, in constant time."""
    if client.salt is None or client.secret_hash is None:
        return False
    return hmac.compare_digest(hashed(secret, client.salt), client.secret_hash)


def is_good(client: Client | sources.Registered, at: datetime) -> bool:
    """Whether a client is neither revoked nor past its end."""
    return client.revoked_at is None and (client.expires_at is None or client.expires_at > at)


def add_source(
    store: Store, name: str, agency: str, scopes: Iterable[str], live_from: date | None = None, proof: Proof = SECRET
) -> Credentials:
    """Add a posting system with its first client; raises BadRequest."""
    _check(name, agency, scopes)
    at = datetime.now(UTC)
    with store.writing() as connection:
        if sources.source(connection, name):
            raise BadRequest(f"There is a source called {name} already")
        sources.add_source(connection, Source(name=name, agency=agency, live_from=live_from, created_at=at))
        made = _add_client(connection, name, scopes, proof, at)
        note(connection, Owner(name, agency), "source_added", client=made.client_id, scopes=list(scopes))
    return made


def rotate(store: Store, name: str, proof: Proof = SECRET) -> Credentials:
    """Make a new client of a source; the old ones stay good for a day, revoked ones stay revoked. Raises NotFound."""
    at = datetime.now(UTC)
    with store.writing() as connection:
        held = sources.clients(connection, name)
        if not held:
            raise NotFound(f"There is no source called {name}")
        sources.end_clients(connection, name, at=at + OVERLAP, column="expires_at")
        made = _add_client(connection, name, held[-1].scopes.split(), proof, at)
        note(connection, _owner(connection, name), "source_rotated", client=made.client_id)
    return made


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


def _add_client(connection: Connection, name: str, scopes: Iterable[str], proof: Proof, at: datetime) -> Credentials:
    client_id = proof.client_id or secrets.token_hex(12)
    if sources.registered(connection, [client_id]):
        raise BadRequest("There is a client with that id already")
    client = Client(
        client_id=client_id,
        source=name,
        public_key=proof.public_key,
        issuer=proof.issuer,
        scopes=" ".join(scopes),
        created_at=at,
    )
    secret = _give_secret(client) if proof.is_secret else ""
    sources.add_client(connection, client)
    return Credentials(client_id, secret)


def _give_secret(client: Client) -> str:
    """Make a secret for a client, which keeps its hash."""
    secret, client.salt = secrets.token_urlsafe(32), secrets.token_bytes(16)
    client.secret_hash = hashed(secret, client.salt)
    return secret


def _check(name: str, agency: str, scopes: Iterable[str]) -> None:
    if not re.fullmatch(SOURCE_NAME, name):
        raise BadRequest("A source's name is 3 to 64 lower-case letters, digits and hyphens")
    if not is_agency(agency):
        raise BadRequest("There is no such agency; see the code list agencies, or name it TS-<name> or IP-<name>")
    unknown = set(scopes) - set(SCOPES)
    if unknown:
        raise BadRequest(f"There is no scope {', '.join(sorted(unknown))}; there are {' '.join(SCOPES)}")
