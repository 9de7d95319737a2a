"""Batches sent again under one Idempotency-Key: the first answer, and nothing applied twice."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from services.errors import IdempotencyKeyReused
from services.store import batches, idempotency
from services.store.batches import Answered
from services.store.engine import clock
from services.store.tables import IdempotencyKey
from services.store.writing import Owner

KEY_KEPT = timedelta(days=7)
REPORT_KEPT = timedelta(days=90)
VALIDATION_KEPT = timedelta(days=1)
"""How long the report of a batch that was only validated is kept, and its key."""


@dataclass(frozen=True)
class Asked:
    """A batch as it was asked for, perhaps under a key."""

    body: bytes
    atomic: bool
    validate_only: bool
    key: str | None

    @property
    def sha256(self) -> str:
        """The SHA-256 of the body and of what was to be done with it."""
        return hashlib.sha256(b"%d%d" % (self.atomic, self.validate_only) + self.body).hexdigest()


def first_answer(connection: Connection, owner: Owner, asked: Asked, batch: str) -> Answered | None:
    """The first answer under the key; None where this batch is the first. Raises IdempotencyKeyReused."""
    if asked.key is None:
        return None
    at = clock(connection)
    wanted = IdempotencyKey(
        source_agency=owner.agency,
        source=owner.source,
        key=asked.key,
        request_sha256=asked.sha256,
        batch=batch,
        kept_until=at + (VALIDATION_KEPT if asked.validate_only else KEY_KEPT),
    )
    first = idempotency.claim(connection, wanted, at)
    if first is None:
        return None
    if first.request_sha256 != asked.sha256:
        raise IdempotencyKeyReused
    return batches.answered(connection, owner, first.batch)
