"""Who looked at a child: the access log as those may read it who have sight of the child."""

from services.children.reading import Json, Reading, Shown, agency_name
from services.store import audit


def access_log(reading: Reading) -> Shown:
    """Who looked, when, in what role, why and at what, earliest first; a worker's id only within their own agency."""
    asked = reading.asked
    found = audit.of_child(reading.connection, reading.sight.child, asked.entry, asked.limit)
    items = [_told(one, reading.asker.owner.agency) for one in found]
    return Shown({"items": items, "next": found[-1].entry if len(found) == asked.limit else None}, items)


def _told(entry: audit.Entry, agency: str) -> Json:
    act = entry.act
    return {
        "entry": entry.entry,
        "at": entry.at,
        "agency": act.agency,
        "agency_name": agency_name(act.agency),
        "act": act.act,
        "what": act.what,
        "worker": act.worker if act.agency == agency else None,
        "role": act.role,
        "purpose": act.purpose,
    }
