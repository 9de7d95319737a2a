"""What a source sent before: earlier versions of a record, and the same line sent again."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from random import Random
from typing import Any

from seed.days import between, instant, last_told, later, working_day_from, working_day_to, working_minute
from seed.postings import Posting, Record
from seed.reference import Line, grouped, happens, one

BEGINNINGS = ("started_on", "started_at", "received_at", "concern_on", "on", "due_on")
"""The fields of which the first that is there says when something began."""


def as_sent(posting: Posting, rng: Random) -> Iterator[Posting]:
    """A record as its source sent it, oldest first: perhaps an earlier version, perhaps the last one twice."""
    before = _child_before if posting.family == "children" else _earlier
    earlier = before(posting, rng) if happens("earlier_version", rng) or _was_unborn(posting) else None
    if earlier:
        yield earlier
    yield posting
    if happens("sent_again", rng) or _is_of_a_night_sent_twice(posting):
        yield posting


def _is_of_a_night_sent_twice(posting: Posting) -> bool:
    """Whether the source sent everything of that day a second time, as each does one night a year."""
    day = posting.recorded_at.date()
    return day == _night_sent_twice(posting.person.seed, posting.source.name, day.year)


@cache
def _night_sent_twice(seed: int, source: str, year: int) -> date:
    return between(Random(f"{seed}:{source}:{year}:night"), date(year, 1, 1), date(year, 12, 31))


def _earlier(posting: Posting, rng: Random) -> Posting | None:
    """The record as it stood on an earlier day; None where it had nothing less to say then."""
    began = next((posting.record[name] for name in BEGINNINGS if name in posting.record), None)
    if began is None:
        return None
    first = began.date() if isinstance(began, datetime) else began
    on = between(rng, first, last_told(posting.record))
    known = as_known(posting.record, on)
    known["recorded_at"] = max(instant(on, working_minute(rng)), _last_minute(began))
    sooner = known["recorded_at"] < posting.recorded_at and len(str(known)) < len(str(posting.record))
    return replace(posting, record=known) if sooner else None


def _was_unborn(posting: Posting) -> bool:
    """Whether a source knew of the child before birth."""
    return "expected_date_of_birth" in posting.record and "date_of_birth" in posting.record


def _child_before(posting: Posting, rng: Random) -> Posting | None:
    """A child as the source first knew it: unborn, or without one of its identifiers."""
    born_on = posting.record.get("date_of_birth")
    if born_on is None:
        return None
    if _was_unborn(posting):
        first = {name: value for name, value in posting.record.items() if name not in AFTER_BIRTH}
        day = working_day_to(later(rng, born_on, -100, -20))
        first |= {"sex": one("sexes", "is_unborn"), "recorded_at": instant(day, working_minute(rng))}
        return replace(posting, record=first)
    first = {name: value for name, value in posting.record.items() if name not in rng.choice((("chi",), ("scn",)))}
    day = working_day_from(later(rng, posting.recorded_at.date(), -400, -20))
    first["recorded_at"] = instant(day, working_minute(rng))
    return replace(posting, record=first) if day > born_on and first.keys() != posting.record.keys() else None


AFTER_BIRTH = {
    *("date_of_birth", "given_name", "other_names", "chi", "scn", "siblings"),
    *("disabilities", "additional_support_needs", "communication_needs", "religion", "ethnic_group", "absent"),
}


def _last_minute(began: date | datetime) -> datetime:
    return began if isinstance(began, datetime) else instant(began, 0)


def as_known(record: Mapping[str, Any], on: date) -> Record:
    """A record without what came after a day."""
    gone = [name for name, value in record.items() if _is_after(name, value, on)]
    instead = {row["goes_with"]: row["becomes"] for name in gone for row in _companions(name)}
    known = {name: _part_known(value, on) for name, value in record.items() if name not in (*gone, *instead)}
    return known | {name: value for name, value in instead.items() if value}


def _part_known(value: Any, on: date) -> Any:
    if not isinstance(value, list):
        return value
    return [as_known(item, on) if isinstance(item, dict) else item for item in value if _had_begun(item, on)]


def _had_begun(item: Any, on: date) -> bool:
    began = item
    if isinstance(item, dict):
        began = next((item[name] for name in BEGINNINGS if name in item and name != "due_on"), None)
    return not isinstance(began, date) or last_told(began) <= on


def _is_after(name: str, value: Any, on: date) -> bool:
    return name not in ("due_on", "recorded_at") and isinstance(value, date) and last_told(value) > on


@cache
def _companions(name: str) -> tuple[Line, ...]:
    """What goes with a date that is not known yet, and what it was before, where it was anything."""
    return grouped("companions", "field").get(name, ())
