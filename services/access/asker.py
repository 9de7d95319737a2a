"""Who asks about a child: which agency's client, for which worker, in what role, and what for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.codelists import code_list
from services.access.purposes import may_ask
from services.errors import PurposeRequired
from services.store.writing import Owner

PURPOSE, WORKER = "Kith-Purpose", "Kith-Worker"
"""The headers that say what is asked for, and for whom."""
_WORKER = re.compile(r"([!-:<-~]{1,128}); ?role=([a-z-]{1,64})")


@dataclass(frozen=True, slots=True)
class Said:
    """What a request says of its purpose and worker."""

    purpose: str
    worker: str
    role: str


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks about a child, and what for."""

    owner: Owner
    client_id: str
    worker: str
    role: str
    purpose: str
    request_id: str

    def as_columns(self) -> dict[str, Any]:
        """Who asks and what for, as the store keeps it."""
        told = ("client_id", "worker", "role", "purpose")
        return self.owner._asdict() | {name: getattr(self, name) for name in told}


def said(purposes: Sequence[str], workers: Sequence[str], agency: str) -> Said:
    """What the values of the two headers say, once each; raises PurposeRequired."""
    if len(purposes) != 1 or purposes[0] not in code_list("purposes"):
        raise PurposeRequired(f"{PURPOSE} is needed once: a code of the list purposes")
    worker = _WORKER.fullmatch(workers[0]) if len(workers) == 1 else None
    if worker is None or worker[2] not in code_list("practitioner_roles"):
        raise PurposeRequired(f"{WORKER} is needed once: <opaque id>; role=<code of the list practitioner_roles>")
    if not may_ask(purposes[0], worker[2], agency):
        raise PurposeRequired("This role or agency may not ask for this purpose; the list purposes says who may")
    return Said(purposes[0], worker[1], worker[2])
