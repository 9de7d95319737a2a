"""Days and instants of the made-up histories: all of them before AS_OF has ended."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Any

from quality.functions import LONDON, bank_holidays, months_after
from seed.reference import grouped, pick

AS_OF = date(2026, 7, 31)
"""The day up to which everything happened and was recorded: the end of a looked-after year."""
LAST_EVENT = AS_OF - timedelta(days=1)
FIRST_EVENT = date(2014, 8, 1)
OPENS, CLOSES = 8 * 60 + 30, 17 * 60
STILL_TO_COME = frozenset({"due_on", "expected_date_of_birth", "recorded_at"})
"""Fields whose dates say nothing about when the record was made."""


def days(count: int) -> timedelta:
    return timedelta(days=count)


def between(rng: Random, first: date, last: date) -> date:
    """A day from first to last; first where they cross."""
    return first + timedelta(days=rng.randint(0, max(0, (last - first).days)))


def later(rng: Random, day: date, least: int, most: int) -> date:
    """A day so many days after."""
    return day + timedelta(days=rng.randint(least, most))


def instant(day: date, minutes: int) -> datetime:
    """That minute of the day on the clocks of Scotland."""
    return datetime.combine(day, time(minutes // 60, minutes % 60), LONDON)


def working_minute(rng: Random) -> int:
    """A minute of the working day."""
    return rng.randint(OPENS, CLOSES)


def is_working(day: date) -> bool:
    """Whether offices are open: neither a weekend nor a bank holiday of Scotland."""
    return day.weekday() < 5 and day not in _holidays()


def working_day_from(day: date) -> date:
    """That day, or the next one on which offices are open."""
    while not is_working(day):
        day += timedelta(days=1)
    return day


def working_day_to(day: date) -> date:
    """That day, or the last one before it on which offices are open."""
    while not is_working(day):
        day -= timedelta(days=1)
    return day


def working_days_after(day: date, count: int) -> date:
    """The last of so many working days after a day."""
    for _ in range(count):
        day = working_day_from(day + timedelta(days=1))
    return day


def due(step: str, day: date) -> date:
    """When a step is due, by the timescale in force on the day that its clock starts."""
    rows = [row for row in grouped("timescales", "step")[step] if date.fromisoformat(row["starts_on"]) <= day]
    amount, unit = int(rows[-1]["amount"]), rows[-1]["unit"]
    if unit == "months":
        return months_after(day, amount)
    return working_days_after(day, amount) if unit == "working_days" else day + timedelta(days=amount)


def recorded_after(record: Mapping[str, Any], rng: Random) -> datetime:
    """When a record was made: some time after the last thing that it tells of, and by AS_OF."""
    last = last_told(record)
    day = working_day_from(last + timedelta(days=int(pick("recording_delay_days", rng))))
    made = instant(min(day, AS_OF), working_minute(rng))
    told = last_instant(record)
    return max(made, told + timedelta(minutes=rng.randint(5, 50))) if told else made


def last_told(value: Any) -> date:
    """The last day that a record speaks of, but for what was still to come."""
    if isinstance(value, datetime):
        return value.astimezone(LONDON).date()
    if isinstance(value, date):
        return value
    return max((last_told(part) for part in _parts(value)), default=date.min)


def last_instant(value: Any) -> datetime | None:
    """The last instant that a record speaks of."""
    if isinstance(value, datetime):
        return value
    found = [told for part in _parts(value) if (told := last_instant(part))]
    return max(found, default=None)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [part for name, part in value.items() if name not in STILL_TO_COME]
    return value if isinstance(value, list) else []


@cache
def _holidays() -> frozenset[date]:
    return frozenset(bank_holidays())
