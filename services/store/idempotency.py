"""Idempotency keys: of the batches that a source sends under one key, one is applied."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from services.store.tables import IdempotencyKey

KEY: Table = IdempotencyKey.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class First:
    """The batch that a key was first used for, and the SHA-256 of what was asked."""

    batch: str
    request_sha256: str


def claim(connection: Connection, wanted: IdempotencyKey, at: datetime) -> First | None:
    """Take a key for a batch, in the transaction that writes it; the first batch where the key is taken still.

    The row is written before anything is looked up: a transaction that comes
    second waits here until the first is committed or undone.
    """
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(KEY).values(wanted.model_dump())
    renewed = {name: insert.excluded[name] for name in ("request_sha256", "batch", "kept_until")}
    claiming = insert.on_conflict_do_update(
        index_elements=list(KEY.primary_key), set_=renewed, where=KEY.c.kept_until <= at
    )
    if connection.execute(claiming.returning(KEY.c.batch)).first():
        return None
    own = [column == getattr(wanted, column.name) for column in KEY.primary_key]
    return First(*connection.execute(select(KEY.c.batch, KEY.c.request_sha256).where(*own)).one())
