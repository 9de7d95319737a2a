"""For how long what is held of a child is kept: the class that lasts longest of those its records are in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from schemas.codelists import code_list
from services.store.retention import Life

CLASSES = "retention_classes"


@dataclass(frozen=True)
class Kept:
    """A child, its class, and the day its records may go; None where nobody told when the child was born."""

    child: str
    retention_class: str
    until: date | None

    def is_over(self, on: date) -> bool:
        return self.until is not None and self.until <= on


def kept(life: Life) -> Kept:
    """How long what is left of a child is kept."""
    classes = [row for row in code_list(CLASSES).rows.values() if life.families & _families(row)]
    longest = max(classes, key=_years)
    return Kept(life.child, longest["code"], _later(life.born_on, _years(longest)) if life.born_on else None)


def is_confirmed(code: str) -> bool:
    """Whether the period of a class was confirmed at its source."""
    return code_list(CLASSES).rows[code]["status"] == "verified"


def _families(row: Mapping[str, str]) -> set[str]:
    return set(row["families"].split(";"))


def _years(row: Mapping[str, str]) -> int:
    return int(row["years"])


def _later(day: date, years: int) -> date:
    """The same day so many years later; the first of March for the 29th of February where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
