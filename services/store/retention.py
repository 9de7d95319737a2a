"""What is left of every child: which families hold anything, and when the child was born.

As in `everything`: a record is about a child where its latest version says so,
a source's own id counts with the child it was linked to last, and what was
retracted but not erased is still kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import Connection, text

from schemas.record import Family
from schemas.registry import FAMILIES
from services.store.columns import read_day


@dataclass(frozen=True)
class Life:
    """A child, the families of the records that are left, and the latest birth date that any source told."""

    child: str
    families: frozenset[str]
    born_on: date | None


def lives(connection: Connection) -> Iterator[Life]:
    """Every child of whom anything is left, in order."""
    families: dict[str, set[str]] = {}
    born: dict[str, date] = {}
    for child, family, born_on in connection.execute(text(_left())):
        families.setdefault(child, set()).add(family)
        day = read_day(born_on)
        if day:
            born[child] = max(day, born.get(child, day))
    yield from (Life(child, frozenset(families[child]), born.get(child)) for child in sorted(families))


@cache
def _left() -> str:
    return _OWN + " UNION ALL ".join(_of(family) for family in FAMILIES if family.is_about_child)


_OWN = (
    "WITH own AS (SELECT source_agency, source, source_id, child FROM link AS one WHERE NOT EXISTS"
    " (SELECT 1 FROM link AS later WHERE later.source_agency = one.source_agency AND later.source = one.source"
    " AND later.source_id = one.source_id AND later.link > one.link)) "
)

_BORN_ON = "MAX(COALESCE(said.date_of_birth, said.expected_date_of_birth))"


def _of(family: Family) -> str:
    about = "source_id" if family.is_child else "child"
    born_on = _BORN_ON if family.is_child else "CAST(NULL AS date)"
    return (
        f"SELECT own.child, '{family.name}' AS family, {born_on} AS born_on FROM own JOIN {family.name} AS said"
        f" ON said.source_agency = own.source_agency AND said.source = own.source AND said.{about} = own.source_id"
        f" WHERE NOT EXISTS (SELECT 1 FROM {family.name} AS later WHERE later.source_agency = said.source_agency"
        " AND later.source = said.source AND later.source_id = said.source_id AND later.version > said.version)"
        " GROUP BY own.child"
    )
