"""Who stands how to a child at an instant: read from what is held, for the policy to weigh."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Date, TextClause, bindparam, text

from schemas.codelists import code_list
from schemas.registry import FAMILIES
from services.store.columns import UtcInstant

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class Who:
    """A worker of an agency."""

    agency: str
    worker: str


@dataclass(frozen=True, slots=True)
class Relations:
    """Agencies that hold a record about a child, the earliest linked first; who names whom (by, named); and the rest.

    `is_officer` and `broke_glass` are of the one who asks.
    """

    holders: tuple[str, ...]
    namings: frozenset[tuple[str, str]]
    restrictions: frozenset[str]
    is_sealed: bool
    is_officer: bool
    broke_glass: bool


def relations(connection: Connection, child: str, at: datetime, who: Who | None = None) -> Relations:
    """How agencies, and the one who asks, stand to a child at an instant, in one query."""
    asking = {"agency": who.agency if who else "", "worker": who.worker if who else ""}
    given = asking | {"child": child, "at": at, "today": local_day(at)}
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, one, other, _ in connection.execute(_query(), given):
        found.setdefault(kind, []).append((one, other))
    return Relations(
        holders=tuple(agency for agency, _ in found.get("holder", ())),
        namings=frozenset(found.get("naming", ())),
        restrictions=frozenset(code for code, _ in found.get("restriction", ())),
        is_sealed="sealed" in found,
        is_officer="officer" in found,
        broke_glass="glass" in found,
    )


def local_day(at: datetime) -> date:
    """The day in Europe/London that an instant falls in."""
    return at.astimezone(LONDON).date()


@cache
def _query() -> TextClause:
    told = " UNION ALL ".join((*_namings(), *_restrictions(), *_OTHERS))
    return text(f"WITH {_HELD} {_HOLDERS} UNION ALL {told} ORDER BY 4").bindparams(
        bindparam("today", type_=Date), bindparam("at", type_=UtcInstant)
    )


def _namings() -> Iterator[str]:
    """Who names whom: in plans in force, in the days that they say; in open referrals."""
    yield _naming("plan", "lead_professional_agency", "lead_professional_from_on")
    yield _naming("plan", "named_person_agency")
    yield _naming("plan JOIN plans_partners USING (source_agency, seq)", "agency", "from_on", "to_on")
    yield _naming("referral", "referred_to_agency")
    yield _naming("referral", "asked_by_agency")


def _naming(relation: str, named: str, since: str = "NULL", until: str = "NULL") -> str:
    begun, ended = f"coalesce({since}, :today) <= :today", f"coalesce({until} <= :today, false)"
    return f"SELECT 'naming', source_agency, {named}, 0 FROM {relation} WHERE {named} <> '' AND {begun} AND NOT {ended}"


def _restrictions() -> Iterator[str]:
    """The restrictions on the child's records of every family that is about a child."""
    for family in FAMILIES:
        own_id = "source_id" if family.is_child else "child"
        if any(column.name == "child" for column in family.tables[0].columns) or family.is_child:
            yield f"SELECT DISTINCT 'restriction', held.restricted, '', 0 FROM {_of(family.name, own_id)}"


def _of(family: str, own_id: str = "child") -> str:
    """SQL of a family's current records about the child."""
    return (
        f"mine JOIN {family} AS held ON held.source_agency = mine.source_agency AND held.source = mine.source"
        f" AND held.{own_id} = mine.source_id AND held.superseded_at IS NULL"
    )


def _decided_away() -> str:
    """The decisions after which a referral names nobody, as SQL."""
    return ", ".join(f"'{code}'" for code in sorted(code_list("referral_decisions").flagged("is_no_further_action")))


_HELD = f"""
mine AS (SELECT source_agency, source, source_id, link FROM link WHERE child = :child AND superseded_at IS NULL),
plan AS (SELECT held.* FROM {_of("plans")}
    WHERE held.started_on <= :today AND (held.ended_on IS NULL OR held.ended_on > :today)),
referral AS (SELECT held.* FROM {_of("referrals")}
    WHERE held.closed_on IS NULL AND (held.decision IS NULL OR held.decision NOT IN ({_decided_away()})))
"""
"""The child's links, plans in force and open referrals; on the day that a plan ends it is in force no more."""

_HOLDERS = "SELECT 'holder', source_agency, '', min(link) FROM mine GROUP BY source_agency"
_ASKING = "WHERE agency = :agency AND worker = :worker"
_IS_OPEN = "granted_at <= :at AND expires_at > :at"
_OTHERS = (
    "SELECT 'sealed', '', '', 0 FROM link WHERE child = :child AND how = 'identity_change'",
    f"SELECT 'officer', '', '', 0 FROM officer {_ASKING}",
    f"SELECT 'glass', '', '', 0 FROM break_glass {_ASKING} AND child = :child AND {_IS_OPEN}",
)
