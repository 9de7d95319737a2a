"""Years from 1 August to 31 July, as in the looked-after and child protection collections; never summed with others."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

FIRST_MONTH = 8
SHOWN = 5


def year_of(on: Any) -> Any:
    """The year, as the calendar year it starts in, of a day or a column of days."""
    return on.year() - (on.month() < FIRST_MONTH).cast("int64")


def name_of(year: int) -> str:
    """2023 is 2023-24."""
    return f"{year}-{(year + 1) % 100:02}"


def year_named(name: str) -> int:
    return int(name[:4])


def starts_on(year: int) -> date:
    return date(year, FIRST_MONTH, 1)


def ends_on(year: int) -> date:
    return date(year + 1, FIRST_MONTH - 1, 31)


def complete_by(day: date, count: int = SHOWN) -> tuple[int, ...]:
    """The last years that were over by a day, oldest first."""
    last = day.year - 1 if day >= ends_on(day.year - 1) else day.year - 2
    return tuple(range(last - count + 1, last + 1))


def rows(years: Iterable[int]) -> list[Mapping[str, Any]]:
    """The years as rows of year, period, starts_on and period_ends_on."""
    return [
        {"year": year, "period": name_of(year), "starts_on": starts_on(year), "period_ends_on": ends_on(year)}
        for year in years
    ]
