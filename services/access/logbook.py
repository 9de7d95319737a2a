"""The logbook: no answer leaves before what was asked is on record."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.access.asker import Asker
from services.store import audit
from services.store.audit import Act
from services.store.engine import Store
from services.store.gathering import Gathering


class Logbook:
    """Puts acts on record, those of one moment in one commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._gathered = Gathering(self._record)

    async def __call__(self, act: Act) -> None:
        """Return once the act is durably on record; raises Unavailable where it cannot be: no log, no answer."""
        await self._gathered(act)

    def close(self) -> None:
        self._gathered.close()

    def _record(self, acts: Sequence[Act]) -> Sequence[None]:
        self._store.write(lambda connection: audit.record(connection, acts))
        return [None] * len(acts)


def act_of(asker: Asker, act: str, what: str, child: str | None, detail: Mapping[str, Any]) -> Act:
    """What an asker does, as the log has it."""
    return Act(act=act, what=what, child=child, request_id=asker.request_id, detail=detail, **asker.as_columns())
