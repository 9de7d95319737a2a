"""Records put straight into a store, as several agencies' sources post them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.registry import BY_NAME
from services.access.asker import Asker
from services.intake.singles import read_record, read_retraction, receive
from services.intake.taking import Received
from services.store.engine import Store
from services.store.writing import Owner
from tests.examples import changed

COUNCIL = Owner("renfrewshire-social-work", "S12000038")
HEALTH = Owner("ggc-health", "S08000031")
POLICE = Owner("police-concern-hub", "POLICE")
CHARITY = Owner("young-futures", "TS-young-futures")
NAMES_NOBODY: dict[str, dict[str, Any]] = {
    "plans": {"lead_professional": None, "named_person": None, "partners": None},
    "referrals": {"asked_by_agency": None, "referred_to_agency": None, "decision": None, "closed_on": None},
}
"""What is taken from the examples so that they name no agency, and are in force."""


def post(store: Store, owner: Owner, family: str, source_id: str, **changes: Any) -> Received:
    """Put one record: the family's example, naming nobody, with these changes."""
    record = changed(family, NAMES_NOBODY.get(family, {}) | changes)
    return receive(store, read_record(owner, BY_NAME[family], source_id, json.dumps(record).encode()))


def post_child(store: Store, *owners: Owner, **changes: Any) -> str:
    """The same child, as `child-0001` of each of these sources; its opaque id."""
    children = [post(store, owner, "children", "child-0001", **changes).child for owner in owners]
    assert children[-1] and children == children[:1] * len(owners)
    return children[-1]


def retract(store: Store, owner: Owner, family: str, source_id: str) -> None:
    body = json.dumps({"reason": "entered-in-error"}).encode()
    receive(store, read_retraction(owner, BY_NAME[family], source_id, body))


def asker(owner: Owner, worker: str = "w-1") -> Asker:
    """A worker of that agency's who asks."""
    return Asker(owner, "a-client", worker, "social-worker", "child-wellbeing", "a-request")


def day(days: int = 0) -> str:
    """So many days from now."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
