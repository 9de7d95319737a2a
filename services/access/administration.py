"""What is done by those who run the service, put on record as every other act is."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from services.store import audit
from services.store.audit import Act
from services.store.writing import Owner

COMMAND_LINE = "command-line"
"""The client of acts done where the store is, not over HTTP."""


def note(connection: Connection, owner: Owner, what: str, **detail: Any) -> None:
    """Put an administrative act on record, in the transaction that does it; `owner` is whom it concerns."""
    act = Act(
        agency=owner.agency,
        source=owner.source,
        client_id=COMMAND_LINE,
        act="admin",
        what=what,
        child=None,
        worker=None,
        role=None,
        purpose=None,
        request_id=str(uuid4()),
        detail=detail,
    )
    audit.record(connection, [act])
