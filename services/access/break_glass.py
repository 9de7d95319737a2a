"""Breaking glass: to see a child's records at once, for an hour, on a reason; the officers concerned hear of it.

It opens no child whose identity changed: whoever tries is answered as for an id
that is not known, and the officers of the agencies that hold the child hear.
"""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from services.access.asker import Asker
from services.access.logbook import act_of
from services.access.refusals import refusals_logged
from services.errors import NotFound
from services.store import audit, broken_glass, links
from services.store.engine import Store
from services.store.relationships import facts
from services.store.tables import BreakGlass

OPEN_FOR = timedelta(minutes=60)
ACT, REFUSED, NEW = "break_glass", "break_glass_refused", "new"


def refuse_unknown(store: Store, asker: Asker, child: str) -> None:
    """Raises NotFound where there is no such child, or one whose identity changed."""
    with refusals_logged(store, asker, ACT, child), store.reading() as connection:
        if not links.is_known(connection, child):
            raise NotFound
        known = facts(connection, child, datetime.now(UTC))
    if known.is_sealed:
        store.write(lambda connection: _tell(connection, asker, child, known.holders, REFUSED, datetime.now(UTC)))
        raise NotFound


def break_glass(store: Store, asker: Asker, child: str, reason: str) -> BreakGlass:
    """Let a worker see a child that is known (`refuse_unknown`) for an hour."""
    return store.write(lambda connection: _broken(connection, asker, child, reason))


def _broken(connection: Connection, asker: Asker, child: str, reason: str) -> BreakGlass:
    at = datetime.now(UTC)
    holders = facts(connection, child, at).holders
    times = {"granted_at": at, "expires_at": at + OPEN_FOR}
    said = asker.as_columns() | {"grant_id": secrets.token_hex(13), "child": child, "reason": reason}
    grant = BreakGlass(**said | times)
    broken_glass.keep(connection, grant)
    _tell(connection, asker, child, {*holders, asker.owner.agency}, ACT, at, grant)
    return grant


def _tell(
    connection: Connection,
    asker: Asker,
    child: str,
    agencies: Iterable[str],
    kind: str,
    at: datetime,
    grant: BreakGlass | None = None,
) -> None:
    """Tell these agencies' officers, and put it on the log."""
    notice = {"at": at, "kind": kind, "child": child, "by_agency": asker.owner.agency, "state": NEW}
    broken_glass.notify(connection, agencies, notice | {"grant_id": grant.grant_id if grant else None})
    detail: dict[str, Any] = {"told": sorted(agencies)}
    if grant:
        detail |= {"grant": grant.grant_id, "expires_at": grant.expires_at.isoformat()}
    audit.record(connection, [act_of(asker, ACT, kind, child, detail)])
