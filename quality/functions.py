"""The functions a rule's predicate may call: each in Python and in DuckDB SQL, and they must agree.

`sql` is a template over the arguments' SQL, written out in place, so that a rule
needs nothing defined in the database that it reads.
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from operator import mul
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
HOLIDAYS = Path(__file__).parent / "bank_holidays.csv"
STAND_INS = Path(__file__).parent / "stand_in_dates.csv"


@dataclass(frozen=True)
class Function:
    """One function: null in any argument gives null, in both engines."""

    python: Callable[..., Any]
    sql: str
    arguments: int


def days_between(start: date, end: date) -> int:
    """Calendar days from start to end; negative when end is earlier."""
    return (end - start).days


def months_after(day: date, months: int) -> date:
    """The same day of the month that many months later, or that month's last day."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def days_after(day: date, days: int) -> date:
    return day + timedelta(days=days)


def age_on(birth: date, day: date) -> int:
    """Age in completed years on a day; someone born on 29 February ages on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def local_date(instant: datetime) -> date:
    """The date in Europe/London at an instant."""
    return instant.astimezone(LONDON).date()


def ddmmyy(day: date) -> str:
    return day.strftime("%d%m%y")


def year_of(day: date) -> int:
    return day.year


def scn_year(scn: str, latest: date) -> int | None:
    """The latest year, up to that day's, that an SCN's first two digits stand for; null for what is no SCN."""
    if not _digits(scn, 9):
        return None
    return latest.year - (latest.year - int(scn[:2])) % 100


def is_odd_digit(value: str, place: int) -> bool:
    """Whether the character at that place, from 1, is an odd digit."""
    return value[place - 1 : place] in ("1", "3", "5", "7", "9")


def mentions(text: str, word: str) -> bool:
    """Whether the text holds a word, given in small letters, in capitals or not."""
    return word in text.translate(_SMALL_LETTERS)


_SMALL_LETTERS = str.maketrans(ascii_uppercase, ascii_lowercase)


def working_days_between(start: date, end: date) -> int:
    """Working days after start, up to and with end: not Saturdays, Sundays or Scottish bank holidays.

    Local council holidays are not in the table; 0 when end is not after start.
    """
    return 0 if end <= start else _working_days_to(end) - _working_days_to(start)


@lru_cache(maxsize=1 << 16)
def _working_days_to(day: date) -> int:
    """Working days from Monday 1 January 1900 up to and with the day."""
    weeks, days = divmod((day - date(1900, 1, 1)).days + 1, 7)
    return weeks * 5 + min(days, 5) - bisect_right(bank_holidays(), day)


@cache
def bank_holidays() -> list[date]:
    """Scotland's bank holidays that fall on a weekday, in order."""
    return sorted(day for day in _days(HOLIDAYS) if day.weekday() < 5)


def _days(path: Path) -> list[date]:
    """The first column of a CSV file."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [date.fromisoformat(line.split(",")[0]) for line in lines]


def is_stand_in(day: date) -> bool:
    """Whether systems write that date where none is known."""
    return day in stand_ins()


@cache
def stand_ins() -> frozenset[date]:
    return frozenset(_days(STAND_INS))


def _sql_stand_in() -> str:
    days = ", ".join(f"DATE '{day}'" for day in sorted(stand_ins()))
    return f"({{0}} IN ({days}))"


def is_chi(value: str) -> bool:
    """Whether a CHI has ten digits, a real date in front, and its check digit (modulus 11)."""
    if not _digits(value, 10):
        return False
    check: int = (11 - sum(map(mul, map(int, value), CHI_WEIGHTS)) % 11) % 11
    return _real_date(value) and check == int(value[9])


def is_scn(value: str) -> bool:
    """Whether an SCN has nine digits and its check digit (weights 3 2 7 6 5 4 3 2, modulus 11)."""
    if not _digits(value, 9):
        return False
    check: int = (11 - sum(map(mul, map(int, value), SCN_WEIGHTS)) % 11) % 11
    return check == int(value[8])


CHI_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2)
SCN_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)


def is_digits(value: str, count: int) -> bool:
    """Whether the text is exactly so many digits."""
    return _digits(value, count)


def _digits(value: str, count: int) -> bool:
    return len(value) == count and value.isascii() and value.isdigit()


def _real_date(chi: str) -> bool:
    day, month, year = int(chi[:2]), int(chi[2:4]), int(chi[4:6])
    return any(_exists(century + year, month, day) for century in (1900, 2000))


def _exists(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _sql_check(weights: tuple[int, ...]) -> str:
    total = " + ".join(f"{weight} * {_sql_digit(place)}" for place, weight in enumerate(weights, 1))
    return f"(11 - ({total}) % 11) % 11 = {_sql_digit(len(weights) + 1)}"


def _sql_digit(place: int) -> str:
    return f"try_cast(substr({{0}}, {place}, 1) AS INTEGER)"


def _sql_real_date() -> str:
    day = "substr({0}, 5, 2) || substr({0}, 3, 2) || substr({0}, 1, 2)"
    return f"coalesce(try_strptime('19' || {day}, '%Y%m%d'), try_strptime('20' || {day}, '%Y%m%d')) IS NOT NULL"


def _sql_true_if(*conditions: str) -> str:
    """Null for null; else whether all hold, a condition that cannot be told counting as not."""
    return "(CASE WHEN {0} IS NOT NULL THEN coalesce(" + " AND ".join(conditions) + ", false) END)"


def _sql_working_days() -> str:
    weekdays = "(((({0}) - DATE '1900-01-01' + 1) // 7) * 5 + least((({0}) - DATE '1900-01-01' + 1) % 7, 5))"
    worked = f"({weekdays} - {_sql_holidays_to()})"
    return f"(CASE WHEN {{1}} <= {{0}} THEN 0 ELSE {worked.replace('{0}', '{1}')} - {worked} END)"


def _sql_holidays_to() -> str:
    """How many bank holidays there were up to and with a day.

    By month, as a count before it and its days as bits: DuckDB's lambdas may not
    name a column of an outer query, as a predicate within item_count() does.
    """
    days = bank_holidays()
    first, last = days[0].year, days[-1].year
    months = [date(year, month, 1) for year in range(first, last + 1) for month in range(1, 13)]
    before = [bisect_left(days, month) for month in months]
    within = pairwise([*before, len(days)])
    bits = [sum(1 << day.day for day in days[start:end]) for start, end in within]
    held = f"least(greatest({{0}}, DATE '{first - 1}-12-31'), DATE '{last}-12-31')"
    place = f"((year({held}) - {first}) * 12 + month({held}))"
    upto = f"({_sql_list(bits)}[{place}] & ((1 << (day({held}) + 1)) - 1))"
    return f"coalesce({_sql_list(before)}[{place}] + bit_count({upto}), 0)"


def _sql_list(numbers: list[int]) -> str:
    """A list as one constant: written out it is an expression for each number, which cost DuckDB 20 ms a list."""
    return f"CAST('{numbers}' AS BIGINT[])"


_CHI = (10, 9, 8, 7, 6, 5, 4, 3, 2)
FUNCTIONS: dict[str, Function] = {
    "days_between": Function(days_between, "(({1}) - ({0}))", 2),
    "days_after": Function(days_after, "CAST(({0}) + CAST({1} AS INTEGER) AS DATE)", 2),
    "months_after": Function(months_after, "CAST(({0}) + to_months(CAST({1} AS INTEGER)) AS DATE)", 2),
    "age_on": Function(
        age_on,
        "(year({1}) - year({0}) - CAST(month({1}) * 100 + day({1}) < month({0}) * 100 + day({0}) AS INTEGER))",
        2,
    ),
    "local_date": Function(local_date, "CAST(timezone('Europe/London', {0}) AS DATE)", 1),
    "ddmmyy": Function(ddmmyy, "strftime({0}, '%d%m%y')", 1),
    "year_of": Function(year_of, "year({0})", 1),
    "scn_year": Function(
        scn_year,
        "(CASE WHEN regexp_full_match({0}, '[0-9]{{9}}')"
        " THEN year({1}) - (year({1}) - try_cast(substr({0}, 1, 2) AS INTEGER)) % 100 END)",
        2,
    ),
    "is_odd_digit": Function(is_odd_digit, "(substr({0}, {1}, 1) IN ('1', '3', '5', '7', '9'))", 2),
    "mentions": Function(mentions, f"contains(translate({{0}}, '{ascii_uppercase}', '{ascii_lowercase}'), {{1}})", 2),
    "working_days_between": Function(working_days_between, _sql_working_days(), 2),
    "is_stand_in": Function(is_stand_in, _sql_stand_in(), 1),
    "is_chi": Function(
        is_chi,
        _sql_true_if("regexp_full_match({0}, '[0-9]{{10}}')", _sql_check(_CHI), _sql_real_date()),
        1,
    ),
    "is_scn": Function(
        is_scn,
        _sql_true_if("regexp_full_match({0}, '[0-9]{{9}}')", _sql_check(SCN_WEIGHTS)),
        1,
    ),
    "is_digits": Function(
        is_digits,
        "(CASE WHEN length({0}) = {1} THEN regexp_full_match({0}, '[0-9]+') WHEN length({0}) <> {1} THEN false END)",
        2,
    ),
    "left_text": Function(lambda value, count: value[:count], "substr({0}, 1, {1})", 2),
    "text_length": Function(len, "length({0})", 1),
}
