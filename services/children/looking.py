"""One look at a child: what may be seen is decided, the view read, what stays behind counted, the log told."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from quality.functions import local_date
from schemas.codelists import code_list
from schemas.record import Family
from schemas.registry import BY_NAME
from services.access.asker import Asker
from services.access.logbook import act_of
from services.access.policy import left_out
from services.access.redaction import redacted, withheld
from services.access.sight import Sight, sight_of
from services.children.reading import Asked, Json, Reading, Shown, agency_name
from services.store import about_child
from services.store.about_child import Holding
from services.store.audit import PLACE, Act
from services.store.scope import limit_to

LONG_DAYS = 90
"""Days without a record after which an agency is said to be silent: on an open child protection case rule CH12 asks."""


@dataclass(frozen=True)
class Look:
    """A view by its name on the log, how it is read, and the families that it draws on."""

    name: str
    show: Callable[[Reading], Shown]
    families: Sequence[str]


def look(connection: Connection, asker: Asker, child: str, at: datetime, what: Look, asked: Asked) -> tuple[Json, Act]:
    """What is answered, and what is to be on the log before it leaves; raises NotFound for who may not look.

    Once it is known whose items may be shown, the transaction sees no others. The
    access log, which is of no family, is all agencies'.
    """
    sight = sight_of(connection, asker, child, at)
    reading = Reading(connection, asker, sight, about_child.links_to(connection, child), asked, at)
    held = [one for one in _holdings(reading, what.families) if asked.agency in (None, one.agency)]
    behind = _behind(held)
    if what.families:
        limit_to(connection, *sight.agencies)
    shown = what.show(reading)
    behind_for_all = left_out(sight.restriction)
    body = {
        "child": child,
        **shown.body,
        "freshness": [_fresh(one, reading) for one in held if one.in_sight],
        "withheld": [_ask(agency, count) for agency, count in sorted(behind.items())],
        "restriction": reading.sight.restriction,
        "left_out": behind_for_all,
    }
    detail = {
        "grounds": str(reading.sight.grounds),
        "items": dict(Counter(item["agency"] for item in shown.items)),
        "withheld": dict(behind),
        "left_out": behind_for_all,
        "shown": [PLACE] if _tells_places(shown, reading.sight) else [],
    }
    return body, act_of(asker, "read", what.name, child, detail)


def _holdings(reading: Reading, families: Sequence[str]) -> list[Holding]:
    if not families:
        return []
    return about_child.holdings(reading.connection, reading.links, reading.sight.agencies, families)


def _behind(held: Sequence[Holding]) -> Counter[str]:
    """How many records stay behind, by agency: of which kinds they are stays behind too."""
    counted: Counter[str] = Counter()
    for one in held:
        counted[one.agency] += 0 if one.in_sight else one.count
    return +counted


def _ask(agency: str, count: int) -> Json:
    return {"count": count, "ask": {"agency": agency, "name": agency_name(agency)}}


def _fresh(held: Holding, reading: Reading) -> Json:
    """When an agency last sent a record of a family: nothing for long is no proof that nothing happened."""
    days = (reading.today - local_date(held.received_at)).days if held.received_at else None
    return {
        "agency": held.agency,
        "agency_name": agency_name(held.agency),
        "family": held.family,
        "count": held.count,
        "last_recorded_at": held.recorded_at,
        "last_received_at": held.received_at,
        "days_silent": days,
        "is_gap": days is None or days > LONG_DAYS,
    }


def _tells_places(shown: Shown, sight: Sight) -> bool:
    """Whether anything that was told would have been left out under the strictest restriction."""
    strictest = replace(sight, restriction=list(code_list("restrictions").rows)[-1])
    told = (item for item in shown.drawn_on or shown.items if "record" in item)
    return any(_would_lose(BY_NAME[item["family"]], item["record"], strictest) for item in told)


def _would_lose(family: Family, record: Mapping[str, Any], strictest: Sight) -> bool:
    return bool(withheld(family, strictest.restriction)) and redacted(family, record, strictest) != record
