"""Acts to put on record."""

from typing import Any

from services.store.audit import Act

AGENCY, SOURCE = "S12000038", "renfrewshire-social-work"


def act(**changes: Any) -> Act:
    """A practitioner's reading of a child's chronology, with fields replaced."""
    read = {
        "agency": AGENCY,
        "source": SOURCE,
        "client_id": "a-client",
        "act": "read",
        "what": "chronology",
        "child": "child-of-the-example",
        "worker": "w-1",
        "role": "social-worker",
        "purpose": "child-wellbeing",
        "request_id": "a-request",
        "detail": {"shown": ["place"], "items": {"S12000038": 3}},
    }
    return Act(**(read | changes))
