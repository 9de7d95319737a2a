"""Naming an agency's officers: the two who alone may see children whose identity changed."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Connection

from schemas.fields import is_agency
from services.errors import BadRequest, NotFound
from services.store import audit, officers
from services.store.audit import Act
from services.store.engine import Store
from services.store.tables import Officer

MOST = 2
COMMAND_LINE = "command-line"


def add_officer(store: Store, agency: str, worker: str) -> None:
    """Name an officer of an agency; raises BadRequest where it has two already."""
    if not is_agency(agency):
        raise BadRequest("There is no such agency; see the code list agencies, or name it TS-<name> or IP-<name>")

    def work(connection: Connection) -> None:
        held = officers.officers(connection, agency)
        if len(held) >= MOST or worker in {one.worker for one in held}:
            raise BadRequest(f"An agency has {MOST} officers, each named once; remove one first")
        officers.add(connection, Officer(agency=agency, worker=worker, added_at=datetime.now(UTC)))
        audit.record(connection, [_act(agency, "officer_added", worker)])

    store.write(work)


def remove_officer(store: Store, agency: str, worker: str) -> None:
    """Name an officer no more; raises NotFound."""

    def work(connection: Connection) -> None:
        if not officers.remove(connection, agency, worker):
            raise NotFound("That agency has no such officer")
        audit.record(connection, [_act(agency, "officer_removed", worker)])

    store.write(work)


def _act(agency: str, what: str, worker: str) -> Act:
    return Act(
        agency=agency,
        source="",
        client_id=COMMAND_LINE,
        act="admin",
        what=what,
        child=None,
        worker=None,
        role=None,
        purpose=None,
        request_id=str(uuid4()),
        detail={"worker": worker},
    )
