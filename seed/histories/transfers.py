"""transfers: a care episode that passes to another council on one day, as its family moves there."""

from datetime import date
from random import Random

from schemas.codelists import code_list
from seed.days import LAST_EVENT, between, days
from seed.postings import Case, Record
from seed.reference import grouped, one

SETTLED_DAYS = 60
"""How long a child has lived in a place, and will, around the day of a transfer."""


def passed_on(episode: Record, there: Case, rng: Random) -> Record | None:
    """End the episode on the day of transfer and give the one that goes on in the other council.

    None, and the episode as it was, where no such day can be found: powers and
    home must stay as they are around it.
    """
    on = _day(episode, rng)
    if on is None:
        return None
    onward = episode | {
        "responsible_authority": there.person.council,
        "transferred_from": episode["responsible_authority"],
        "started_on": on,
        "primary_reason": one("care_reasons", "is_transfer"),
        "route": one("care_routes", "is_transfer"),
        "contributory_reasons": [],
        "permanence": [step for step in episode["permanence"] if step["on"] >= on],
        "home_data_zone": there.person.home.data_zone,
        "placements": [_from(episode["placements"][-1], on, "p-1")],
    }
    going_on = [legal for legal in episode["legal_reasons"] if _in_force(legal, on)]
    onward["legal_reasons"] = [_from(legal, on, f"l-{place}") for place, legal in enumerate(going_on, start=1)]
    _end(episode, there.person.council, on)
    return onward


def _day(episode: Record, rng: Random) -> date | None:
    """A working day amid the last stretch in which nothing changes."""
    parts = [*episode["placements"], *episode["legal_reasons"]]
    changes = [part["started_on"] for part in parts] + [part["ended_on"] for part in parts if "change_reason" in part]
    last = episode.get("ended_on", LAST_EVENT)
    first = max(day for day in [*changes, episode["started_on"]] if day < last) + days(SETTLED_DAYS)
    return between(rng, first, last - days(SETTLED_DAYS)) if first <= last - days(SETTLED_DAYS) else None


def _in_force(legal: Record, on: date) -> bool:
    return bool(legal["started_on"] <= on and legal.get("ended_on", date.max) > on)


def _from(part: Record, on: date, part_id: str) -> Record:
    """A placement or a power as the other council holds it from that day."""
    part = part | {"id": part_id, "started_on": on}
    if "reviewed_on" in part:
        part["reviewed_on"] = [day for day in part["reviewed_on"] if day >= on]
    if "named_placement" in part:
        part["named_placement"] = "p-1"
    return {name: value for name, value in part.items() if value != []}


def _end(episode: Record, to: str, on: date) -> None:
    """The first council's episode as it ends that day."""
    (transfer,) = code_list("legal_change_reasons").flagged("is_transfer")
    for legal in episode["legal_reasons"]:
        if _in_force(legal, on):
            legal |= {"ended_on": on, "change_reason": transfer}
            legal["reviewed_on"] = [day for day in legal.get("reviewed_on", []) if day < on]
    home = episode["placements"][-1]
    for name in ("change_reason", "is_planned"):
        home.pop(name, None)
    home["ended_on"] = on
    episode["permanence"] = [step for step in episode["permanence"] if step["on"] < on]
    (end,) = grouped("care_ends", "ends")["by_transfer"]
    episode |= {"transferred_to": to, "ended_on": on}
    episode |= {"end_reason": end["end_reason"], "destination": end["destination"]}
