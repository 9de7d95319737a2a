"""Who asks about a child: which worker of which agency, in which role, and for what purpose."""

from dataclasses import dataclass

from services.store.writing import Owner

PURPOSE, WORKER = "Kith-Purpose", "Kith-Worker"
"""The headers that say what is asked for, and for whom."""


@dataclass(frozen=True, slots=True)
class Asker:
    """The worker behind a request, as the calling system names them."""

    owner: Owner
    client_id: str
    worker: str
    role: str
    purpose: str
    request_id: str
