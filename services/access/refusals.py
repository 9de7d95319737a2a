"""Who asked for a child and was refused: on the log, before they are told that there is no such child."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from services.access.asker import Asker
from services.access.logbook import act_of
from services.errors import NotFound
from services.store import audit, links
from services.store.engine import Store

ACT = "refuse"


@contextmanager
def refusals_logged(store: Store, asker: Asker, what: str, child: str) -> Iterator[None]:
    """Put a NotFound for this child on the log; not an id that is no child's, which may be anything."""
    try:
        yield
    except NotFound:
        store.write(lambda connection: _record(connection, asker, what, child))
        raise


def _record(connection: Connection, asker: Asker, what: str, child: str) -> None:
    known = child if links.is_known(connection, child) else None
    audit.record(connection, [act_of(asker, ACT, what, known, {})])
