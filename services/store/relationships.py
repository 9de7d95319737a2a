"""Who stands how to a child at an instant: read from what is held, for the policy to weigh."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Date, TextClause, bindparam, text

from quality.functions import local_date
from schemas.codelists import code_list
from schemas.registry import FAMILIES
from services.store import bulk
from services.store.columns import UtcInstant, read_day

NAMING = ("plans", "referrals")
"""The families whose records name agencies."""


@dataclass(frozen=True, slots=True)
class Who:
    """A worker of an agency."""

    agency: str
    worker: str


class Naming(NamedTuple):
    """That an agency, in a plan or referral in force, names another as one that helps the child."""

    by: str
    named: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a child, and of who asks, at an instant.

    `holders` have a current record about the child, the one that has had it for
    longest first. `is_sealed`: the identity changed, so that only the two named
    officers may see; `is_officer`: who asks is one of those of its agency.
    """

    holders: tuple[str, ...] = ()
    namings: frozenset[Naming] = frozenset()
    restrictions: frozenset[str] = frozenset()
    is_sealed: bool = False
    is_officer: bool = False
    broke_glass: bool = False


def facts(connection: Connection, child: str, at: datetime, who: Who | None = None) -> Facts:
    """How agencies, and the one who asks, stand to a child at an instant, in one query."""
    asking = {"agency": who.agency if who else "", "worker": who.worker if who else ""}
    given = asking | {"child": child, "at": at, "today": local_date(at)}
    return _gathered(tuple(row) for row in connection.execute(_of_one(), given))


def facts_of(connection: Connection, children: Collection[str], at: datetime) -> dict[str, Facts]:
    """How agencies stand to each of these children, but for restrictions and whoever may ask."""
    if not children:
        return {}
    found: dict[str, list[Any]] = {child: [] for child in sorted(children)}
    wanted, today = [(child,) for child in found], _written(local_date(at))
    for row in bulk.select(connection, _of_many().replace(":today", today), ("child",), wanted, lambda *row: row):
        found[row[0]].append(row)
    return {child: _gathered(rows) for child, rows in found.items()}


def days_to_come(connection: Connection, children: Collection[str], at: datetime) -> dict[str, date]:
    """Of these children, those whom a day to come will make a difference to, each with the first such day."""
    if not children:
        return {}
    wanted, today = [(child,) for child in sorted(set(children))], _written(local_date(at))
    query = _DAYS.replace(":today", today)
    found = bulk.select(connection, query, ("child",), wanted, lambda child, day: (child, read_day(day)))
    return {child: day for child, day in found if day}


def _gathered(rows: Iterable[tuple[str, str, str, str, int]]) -> Facts:
    found: dict[str, list[tuple[str, str]]] = {}
    for _, kind, one, other, _place in rows:
        found.setdefault(kind, []).append((one, other))
    return Facts(
        holders=tuple(agency for agency, _ in found.get("holder", ())),
        namings=frozenset(Naming(*named) for named in found.get("naming", ())),
        restrictions=frozenset(code for code, _ in found.get("restriction", ())),
        is_sealed="sealed" in found,
        is_officer="officer" in found,
        broke_glass="glass" in found,
    )


@cache
def _of_one() -> TextClause:
    """The query for one child, and who asks."""
    told = " UNION ALL ".join((*_standing("child = :child"), *_restrictions(), *_ASKING))
    query = text(f"WITH mine AS ({_MINE}), {_IN_FORCE} {told} ORDER BY 5")
    return query.bindparams(bindparam("today", type_=Date), bindparam("at", type_=UtcInstant))


@cache
def _of_many() -> str:
    """The query for the children of the relation `given`."""
    told = " UNION ALL ".join(_standing("child IN (SELECT child FROM mine)"))
    return f"WITH mine AS ({_GIVEN}), {_IN_FORCE} {told} ORDER BY 5"


def _standing(about: str) -> Iterator[str]:
    """Who holds a record, whose identity changed, and who names whom: in the days that plans say, while they last."""
    yield "SELECT child, 'holder', source_agency, '', min(link) FROM mine GROUP BY child, source_agency"
    yield f"SELECT child, 'sealed', '', '', 0 FROM link WHERE how = 'identity_change' AND {about}"
    yield _naming("plan", "lead_professional_agency", "lead_professional_from_on")
    yield _naming("plan", "named_person_agency")
    yield _naming("plan JOIN plans_partners USING (source_agency, seq)", "agency", "from_on", "to_on")
    yield _naming("referral", "referred_to_agency")
    yield _naming("referral", "asked_by_agency")


def _naming(relation: str, named: str, since: str = "NULL", until: str = "NULL") -> str:
    begun, ended = f"coalesce({since}, :today) <= :today", f"coalesce({until} <= :today, false)"
    who = f"linked_child, 'naming', source_agency, {named}, 0"
    return f"SELECT {who} FROM {relation} WHERE {named} <> '' AND {begun} AND NOT {ended}"


def _restrictions() -> Iterator[str]:
    """The restrictions on the child's records of every family that is about a child."""
    for family in FAMILIES:
        if family.is_about_child:
            held = _of_children(family.name) if family.is_child else _of(family.name)
            yield f"SELECT DISTINCT mine.child, 'restriction', held.restricted, '', 0 FROM {held}"


def _of(family: str) -> str:
    """SQL of a family's current records about the child.

    They are few under one id of a child and very many under one source: SQLite,
    which keeps no such counts, is kept from looking for them by source.
    """
    return (
        f"mine JOIN {family} AS held ON held.child = mine.source_id AND held.source_agency || '' = mine.source_agency"
        " AND held.source || '' = mine.source AND held.superseded_at IS NULL"
    )


def _of_children(family: str) -> str:
    """SQL of the current records that are the child as a source knows them."""
    return (
        f"mine JOIN {family} AS held ON held.source_agency = mine.source_agency AND held.source = mine.source"
        " AND held.source_id = mine.source_id AND held.superseded_at IS NULL"
    )


def _decided_away() -> str:
    """The decisions after which a referral names nobody, as SQL."""
    return ", ".join(f"'{code}'" for code in sorted(code_list("referral_decisions").flagged("is_no_further_action")))


def _written(day: date) -> str:
    return f"'{day.isoformat()}'"


_MINE = "SELECT child, source_agency, source, source_id, link FROM link WHERE child = :child AND superseded_at IS NULL"
_GIVEN = """
SELECT link.child, link.source_agency, link.source, link.source_id, link.link FROM {given}
JOIN link ON link.child = given.child AND link.superseded_at IS NULL
"""
_IN_FORCE = f"""
plan AS (SELECT mine.child AS linked_child, held.* FROM {_of("plans")}
    WHERE held.started_on <= :today AND (held.ended_on IS NULL OR held.ended_on > :today)),
referral AS (SELECT mine.child AS linked_child, held.* FROM {_of("referrals")}
    WHERE held.closed_on IS NULL AND (held.decision IS NULL OR held.decision NOT IN ({_decided_away()})))
"""
"""Plans in force and open referrals; on the day that a plan ends it is in force no more."""

_BY = "agency = :agency AND worker = :worker"
_IS_OPEN = "granted_at <= :at AND expires_at > :at"
_ASKING = (
    f"SELECT '', 'officer', '', '', 0 FROM officer WHERE {_BY}",
    f"SELECT child, 'glass', '', '', 0 FROM break_glass WHERE {_BY} AND child = :child AND {_IS_OPEN}",
)
_DAYS = f"""
WITH mine AS ({_GIVEN}),
plan AS (SELECT mine.child AS linked_child, held.* FROM {_of("plans")} WHERE coalesce(held.ended_on > :today, true)),
partner AS (SELECT * FROM plan JOIN plans_partners USING (source_agency, seq)),
day AS (
    SELECT linked_child, started_on AS due_on FROM plan
    UNION ALL SELECT linked_child, ended_on FROM plan
    UNION ALL SELECT linked_child, lead_professional_from_on FROM plan
    UNION ALL SELECT linked_child, from_on FROM partner
    UNION ALL SELECT linked_child, to_on FROM partner
)
SELECT linked_child, min(due_on) FROM day WHERE due_on > :today GROUP BY linked_child
"""
