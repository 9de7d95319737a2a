"""The keeper: seals the logs and exports checkpoints on a schedule, in the background of the service.

Several processes may keep the same store: sealing is done by one at a time, and
of two exports under one number one wins.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from services.access.checkpoint_keys import private_key
from services.access.checkpoints import export, last_checkpoint
from services.errors import StoreBehind
from services.settings import Settings
from services.store import seals
from services.store.engine import Store

logger = logging.getLogger("kith")


async def keep(store: Store, settings: Settings) -> None:
    """Seal and export again and again, until cancelled; a round that fails is logged, and the next is due as ever."""
    while settings.seal_seconds:
        await asyncio.sleep(settings.seal_seconds)
        try:
            await asyncio.get_running_loop().run_in_executor(None, keep_once, store, settings)
        except StoreBehind:
            logger.error("the audit was not exported: the store no longer has what was; see kith audit verify")
        except Exception as error:
            logger.error("audit and journal were not sealed or not exported: %s", type(error).__name__)


def keep_once(store: Store, settings: Settings) -> None:
    """Seal what there is, and export where that is due and there is a key."""
    seals.seal(store)
    if settings.export_seconds and settings.signing_key.exists() and _is_due(settings):
        export(store, settings.exports, private_key(settings.signing_key))


def _is_due(settings: Settings) -> bool:
    last = last_checkpoint(settings.exports)
    every = timedelta(seconds=settings.export_seconds)
    return last is None or datetime.fromisoformat(last.made_at) + every <= datetime.now(UTC)
