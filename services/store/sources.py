"""Sources and their clients: who may post, as whom."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, or_, select, update

from services.store import bulk
from services.store.columns import read_instant
from services.store.tables import About, Client, SigningKey, Source

SOURCE: Table = Source.__table__  # type: ignore[attr-defined]
CLIENT: Table = Client.__table__  # type: ignore[attr-defined]
SIGNING_KEY: Table = SigningKey.__table__  # type: ignore[attr-defined]
ABOUT: Table = About.__table__  # type: ignore[attr-defined]


class Registered(NamedTuple):
    """A client, and the source and agency that it posts as."""

    client_id: str
    source: str
    agency: str
    salt: bytes | None
    secret_hash: bytes | None
    public_key: str | None
    issuer: str | None
    scopes: str
    expires_at: datetime | None
    revoked_at: datetime | None


def add_source(connection: Connection, source: Source) -> None:
    connection.execute(SOURCE.insert(), [source.model_dump()])


def source(connection: Connection, name: str) -> Source | None:
    row = connection.execute(select(SOURCE).where(SOURCE.c.name == name)).first()
    return Source(**row._mapping) if row else None


def sources(connection: Connection) -> Sequence[Source]:
    """Every source, by name."""
    return [Source(**row._mapping) for row in connection.execute(select(SOURCE).order_by(SOURCE.c.name))]


def add_client(connection: Connection, client: Client) -> None:
    connection.execute(CLIENT.insert(), [client.model_dump()])


def registered(connection: Connection, client_ids: Iterable[str]) -> dict[str, Registered]:
    """These clients with their sources' agencies, by client id, whether they are good still or not."""
    asked = [(client_id,) for client_id in sorted(set(client_ids))]
    found = bulk.select(connection, _REGISTERED, ("client_id",), asked, _registered) if asked else []
    return {each.client_id: each for each in found}


_REGISTERED = (
    f"SELECT {', '.join(Registered._fields)} FROM {{given}} JOIN client USING (client_id)"
    " JOIN source ON source.name = client.source"
)


def _registered(*row: Any) -> Registered:
    found = Registered(*row)
    return found._replace(expires_at=read_instant(found.expires_at), revoked_at=read_instant(found.revoked_at))


def clients(connection: Connection, name: str) -> Sequence[Client]:
    """A source's clients, oldest first."""
    query = select(CLIENT).where(CLIENT.c.source == name).order_by(CLIENT.c.created_at)
    return [Client(**row._mapping) for row in connection.execute(query)]


def end_clients(connection: Connection, name: str, *, at: datetime, column: str) -> int:
    """Set `revoked_at` or `expires_at` of a source's clients that have none; how many."""
    ending = update(CLIENT).where(CLIENT.c.source == name, CLIENT.c[column].is_(None))
    return connection.execute(ending.values({column: at})).rowcount


def signing_keys(connection: Connection) -> Sequence[SigningKey]:
    """The keys, the newest first."""
    query = select(SIGNING_KEY).order_by(SIGNING_KEY.c.created_at.desc())
    return [SigningKey(**row._mapping) for row in connection.execute(query)]


def add_signing_key(connection: Connection, key: SigningKey) -> None:
    connection.execute(SIGNING_KEY.insert(), [key.model_dump()])


def end_signing_keys(connection: Connection, at: datetime) -> None:
    """Let no key be good after that instant."""
    is_longer = or_(SIGNING_KEY.c.expires_at.is_(None), SIGNING_KEY.c.expires_at > at)
    connection.execute(update(SIGNING_KEY).where(is_longer).values(expires_at=at))


def about(connection: Connection, name: str) -> str | None:
    """What the store says of itself under that name."""
    return connection.execute(select(ABOUT.c.value).where(ABOUT.c.name == name)).scalar_one_or_none()


def set_about(connection: Connection, name: str, value: str) -> None:
    if about(connection, name) is None:
        connection.execute(ABOUT.insert(), [{"name": name, "value": value}])
    else:
        connection.execute(update(ABOUT).where(ABOUT.c.name == name).values(value=value))
