"""The functions of a rule's predicate: what they say, and that DuckDB says the same of any arguments."""

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import holidays
import pyarrow as pa
import pytest

from quality.functions import (
    FUNCTIONS,
    HOLIDAYS,
    age_on,
    bank_holidays,
    is_chi,
    is_odd_digit,
    is_scn,
    local_date,
    mentions,
    months_after,
    scn_year,
    working_days_between,
)
from quality.workspace import ARROW_TYPES
from tests.property.drawn import Drawn

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "days_between": ("date", "date"),
    "days_after": ("date", "integer"),
    "months_after": ("date", "integer"),
    "age_on": ("date", "date"),
    "local_date": ("instant",),
    "ddmmyy": ("date",),
    "year_of": ("date",),
    "scn_year": ("text", "date"),
    "is_odd_digit": ("text", "integer"),
    "mentions": ("text", "text"),
    "working_days_between": ("date", "date"),
    "is_stand_in": ("date",),
    "is_chi": ("text",),
    "is_scn": ("text",),
    "is_digits": ("text", "integer"),
    "left_text": ("text", "integer"),
    "text_length": ("text",),
}
ROWS = 4000
FIRST_YEAR, LAST_YEAR = 1990, 2040


def test_every_function_has_its_arguments_drawn() -> None:
    assert set(ARGUMENTS) == set(FUNCTIONS)
    assert all(len(kinds) == FUNCTIONS[name].arguments for name, kinds in ARGUMENTS.items())


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_python_and_duckdb_give_the_same_answer(name: str, seed: int) -> None:
    given = drawn(ARGUMENTS[name], seed)
    expected = [in_python(FUNCTIONS[name].python, arguments) for arguments in given]
    answers = zip(given, in_duckdb(name, given), expected, strict=True)
    assert [(arguments, told, held) for arguments, told, held in answers if told != held] == []
    assert len(set(expected)) > 1


def drawn(kinds: Sequence[str], seed: int) -> list[tuple[Any, ...]]:
    values = Drawn(seed)
    rows = []
    for number in range(ROWS):
        if number % 8 == 0:
            values.days = values.about()
        rows.append(tuple(values.value(kind) for kind in kinds))
    return rows


def in_python(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    return None if None in arguments else function(*arguments)


def in_duckdb(name: str, given: Sequence[Sequence[Any]]) -> list[Any]:
    columns = [f"argument_{number}" for number, _ in enumerate(ARGUMENTS[name])]
    types = [ARROW_TYPES[kind] for kind in ARGUMENTS[name]]
    held = {c: pa.array(v, t) for c, v, t in zip(columns, zip(*given, strict=True), types, strict=True)}
    with duckdb.connect() as connection:
        connection.register("given", pa.table(held))
        query = f"SELECT {FUNCTIONS[name].sql.format(*columns)} FROM given"
        return [told for (told,) in connection.execute(query).fetchall()]


def test_the_bank_holidays_are_those_of_the_holidays_library() -> None:
    theirs = holidays.country_holidays("GB", subdiv="SCT", years=range(FIRST_YEAR, LAST_YEAR + 1))
    with HOLIDAYS.open(encoding="utf-8", newline="") as file:
        ours = {date.fromisoformat(row["day"]): row["name"] for row in csv.DictReader(file)}
    assert ours == dict(theirs)


def test_the_bank_holidays_are_scottish() -> None:
    assert date(2026, 1, 2) in bank_holidays()
    assert date(2026, 11, 30) in bank_holidays()
    assert date(2026, 4, 6) not in bank_holidays(), "Easter Monday is England's"


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2024, 11, 26), date(2024, 12, 17), 14),  # St Andrew's Day fell on a Saturday: off on the Monday
        (date(2025, 12, 24), date(2026, 1, 5), 4),
        (date(2026, 1, 16), date(2026, 1, 19), 1),
        (date(2026, 1, 17), date(2026, 1, 18), 0),
        (date(2026, 1, 19), date(2026, 1, 19), 0),
        (date(2026, 1, 19), date(2026, 1, 12), 0),
    ],
)
def test_working_days_are_counted_after_the_start_up_to_the_end(start: date, end: date, days: int) -> None:
    assert working_days_between(start, end) == days


def test_months_later_is_the_same_day_or_the_last_of_the_month() -> None:
    assert months_after(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert months_after(date(2023, 11, 30), 3) == date(2024, 2, 29)
    assert months_after(date(2025, 12, 31), 12) == date(2026, 12, 31)


def test_a_child_born_on_29_february_ages_on_1_march() -> None:
    assert age_on(date(2008, 2, 29), date(2024, 2, 28)) == 15
    assert age_on(date(2008, 2, 29), date(2023, 2, 28)) == 14
    assert age_on(date(2008, 2, 29), date(2023, 3, 1)) == 15


def test_a_local_date_is_london_s() -> None:
    assert local_date(datetime(2025, 6, 1, 23, 30, tzinfo=UTC)) == date(2025, 6, 2)
    assert local_date(datetime(2025, 12, 1, 23, 30, tzinfo=UTC)) == date(2025, 12, 1)


@pytest.mark.parametrize("chi", ["0101011237", "1502123436", "0101157509"])
def test_a_chi_with_its_date_and_check_digit_is_one(chi: str) -> None:
    assert is_chi(chi)
    assert not is_chi(chi[:-1] + str((int(chi[-1]) + 1) % 10))
    assert not is_chi("3" + chi[1:])


@pytest.mark.parametrize("scn", ["122914178", "157763172", "180669078"])
def test_an_scn_with_its_check_digit_is_one(scn: str) -> None:
    assert is_scn(scn)
    assert not is_scn(scn[:-1] + str((int(scn[-1]) + 1) % 10))
    assert not is_scn(scn[:-1])


def test_an_scn_was_issued_in_the_latest_year_that_it_can_stand_for() -> None:
    assert scn_year("180669078", date(2026, 1, 15)) == 2018
    assert scn_year("260669078", date(2025, 1, 15)) == 1926
    assert scn_year("18066907X", date(2026, 1, 15)) is None


def test_an_odd_digit_is_told_from_an_even_one() -> None:
    assert is_odd_digit("1502123436", 9)
    assert not is_odd_digit("0101157509", 9)
    assert not is_odd_digit("x", 9)


def test_a_word_is_found_in_capitals_too() -> None:
    assert mentions("She was MANIPULATIVE.", "manipulative")
    assert not mentions("She asked for help.", "manipulative")
