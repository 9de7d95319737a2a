"""The access log as it is written: what is done is on it before an answer leaves."""

from collections.abc import Sequence
from functools import partial

from services.store import audit
from services.store.audit import Act
from services.store.engine import Store
from services.store.gathering import Gathering


class Logbook:
    """Writes acts, those of one moment together; raises Unavailable where it cannot."""

    def __init__(self, store: Store) -> None:
        self._acts = Gathering(partial(_write, store))

    async def __call__(self, act: Act) -> None:
        await self._acts(act)

    def close(self) -> None:
        self._acts.close()


def _write(store: Store, acts: Sequence[Act]) -> Sequence[None]:
    store.write(partial(audit.record, acts=acts))
    return [None] * len(acts)
