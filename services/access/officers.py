"""Naming an agency's officers: the two who alone may see children whose identity changed."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from schemas.fields import is_agency
from services.access.administration import note
from services.errors import BadRequest, NotFound
from services.store import officers
from services.store.engine import Store
from services.store.tables import Officer
from services.store.writing import Owner

MOST = 2


def add_officer(store: Store, agency: str, worker: str) -> None:
    """Name an officer of an agency; raises BadRequest where it has two already."""
    if not is_agency(agency):
        raise BadRequest("There is no such agency; see the code list agencies, or name it TS-<name> or IP-<name>")

    def work(connection: Connection) -> None:
        held = officers.officers(connection, agency)
        if len(held) >= MOST or worker in {one.worker for one in held}:
            raise BadRequest(f"An agency has {MOST} officers, each named once; remove one first")
        officers.add(connection, Officer(agency=agency, worker=worker, added_at=datetime.now(UTC)))
        note(connection, Owner("", agency), "officer_added", worker=worker)

    store.write(work)


def remove_officer(store: Store, agency: str, worker: str) -> None:
    """Name an officer no more; raises NotFound."""

    def work(connection: Connection) -> None:
        if not officers.remove(connection, agency, worker):
            raise NotFound("That agency has no such officer")
        note(connection, Owner("", agency), "officer_removed", worker=worker)

    store.write(work)
