"""Reviewing notices: what an agency's officers make of glass that was broken."""

from datetime import datetime

from sqlalchemy import Connection

from schemas.safeguards import ReviewBody
from services.access.tokens import Caller
from services.errors import NotFound
from services.store import audit, broken_glass
from services.store.audit import Act
from services.store.broken_glass import Noticed
from services.store.engine import Store


def reviewed(store: Store, caller: Caller, notice: int, body: ReviewBody, request_id: str, at: datetime) -> Noticed:
    """A notice of the caller's agency once its review is kept, and on the log; raises NotFound."""
    said = {"state": body.state, "note": body.note, "reviewed_at": at, "reviewed_by": caller.client_id}

    def work(connection: Connection) -> Noticed:
        found = broken_glass.review(connection, caller.owner.agency, notice, said)
        if found is None:
            raise NotFound
        audit.record(connection, [_act(caller, found, request_id)])
        return found

    return store.write(work)


def _act(caller: Caller, notice: Noticed, request_id: str) -> Act:
    return Act(
        agency=caller.owner.agency,
        source=caller.owner.source,
        client_id=caller.client_id,
        act="decision",
        what="notice",
        child=notice.child,
        worker=None,
        role=None,
        purpose=None,
        request_id=request_id,
        detail={"notice": notice.notice, "state": notice.state},
    )
