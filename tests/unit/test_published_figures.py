"""Published Scottish figures come out of the measures' own arithmetic, from the population with its vintage."""

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache

import pytest

from services.measures.areas import (
    CHILDREN_MID_2022,
    REFERENCE,
    SCOTLAND,
    Population,
    UnknownPopulation,
    councils,
    populations,
    rate,
)
from services.measures.arithmetic import StockAndFlow, either, per_thousand, percent
from services.measures.measure import Unit
from services.measures.protection import TIMESCALES
from services.measures.registry import BY_NAME, MEASURES

AS_PUBLISHED, AS_REVISED = "as_published", "as_revised"


@cache
def rows() -> tuple[Mapping[str, str], ...]:
    with (REFERENCE / "published.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def one(figure: str, period: str, edition: str = AS_PUBLISHED) -> Mapping[str, str]:
    (found,) = (row for row in rows() if (row["figure"], row["period"], row["edition"]) == (figure, period, edition))
    return found


def count(figure: str, period: str, edition: str = AS_PUBLISHED) -> int:
    return int(one(figure, period, edition)["value"])


def published(figure: str, period: str) -> float:
    return float(one(figure, period)["value"])


def test_the_councils_of_mid_2022_add_up_to_scotland() -> None:
    people = dict(populations(CHILDREN_MID_2022))
    assert people.pop(SCOTLAND) == 1_006_212 == sum(people.values())
    assert list(people) == list(councils())


@pytest.mark.parametrize(("band", "people"), [("0-4", 247_737), ("all ages", 5_447_700)])
def test_other_bands_are_there_too(band: str, people: int) -> None:
    assert populations(Population(band, "mid-2022"))[SCOTLAND] == people


def test_the_rate_of_2022_23_is_reproduced() -> None:
    looked_after = rate(count("looked_after_stock", "2022-23"), CHILDREN_MID_2022)
    assert round(looked_after.value, 2) == 12.13
    assert round(looked_after.value, 1) == published("looked_after_rate", "2022-23") == 12.1


def test_the_rate_away_from_home_of_2022_23_is_reproduced() -> None:
    away = count("looked_after_stock", "2022-23") - count("looked_after_at_home", "2022-23")
    assert round(rate(away, CHILDREN_MID_2022).value, 2) == 9.68
    assert round(rate(away, CHILDREN_MID_2022).value, 1) == published("looked_after_away_rate", "2022-23") == 9.7


@pytest.mark.parametrize(
    ("counted", "published_rate", "by_mid_2022"),
    [
        ("looked_after_stock", "looked_after_rate", 11.8),
        ("planning_meetings", "planning_meetings_rate", 4.0),
        ("registrations_after_meeting", "registrations_rate", 3.1),
    ],
)
def test_the_rates_of_2023_24_are_of_a_later_vintage(counted: str, published_rate: str, by_mid_2022: float) -> None:
    """11.7, 4.0 and 3.0 were published; only a population from 1,012,460 to 1,016,650 gives all three."""
    told = one(published_rate, "2023-24")
    assert told["vintage"] == "mid-2023" != CHILDREN_MID_2022.vintage
    assert round(rate(count(counted, "2023-24"), CHILDREN_MID_2022).value, 1) == by_mid_2022
    for people in (1_012_460, 1_016_650):
        assert round(per_thousand(count(counted, "2023-24"), people), 1) == float(told["value"])


def test_a_rate_of_a_vintage_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownPopulation):
        rate(11_844, Population("0-17", "mid-2023"))


def test_every_rate_is_stored_with_its_band_and_vintage() -> None:
    assert all(row["age_band"] and row["vintage"] for row in rows() if row["unit"] == "per 1000")
    rates = [measure for measure in MEASURES if measure.unit is Unit.PER_THOUSAND]
    assert {measure.population for measure in rates} == {CHILDREN_MID_2022}
    assert rate(1, CHILDREN_MID_2022).population == CHILDREN_MID_2022


def test_stock_and_flow_agree_within_a_hundredth() -> None:
    """The residual is what revisions leave: a warning beyond 1%, never an error."""
    year = StockAndFlow(
        opening=count("looked_after_stock", "2022-23", AS_REVISED),
        starts=count("starts", "2023-24"),
        ceases=count("ceases", "2023-24"),
        closing=count("looked_after_stock", "2023-24"),
    )
    assert (year.expected, year.residual, round(year.residual_percent, 2)) == (11_791, 53, 0.45)
    assert year.is_within_tolerance


def test_a_year_that_does_not_hang_together_is_told_apart() -> None:
    assert not StockAndFlow(opening=12_206, starts=3_105, ceases=3_398, closing=11_700).is_within_tolerance


@pytest.mark.parametrize(("period", "children"), [("2016-17", 16_780), ("2017-18", 16_751), ("2018-19", 16_068)])
def test_a_child_who_is_both_counts_once(period: str, children: int) -> None:
    told = [count(figure, period) for figure in ("looked_after_stock", "on_register", "both")]
    assert either(*told) == count("either", period) == children


def test_the_conversion_of_planning_meetings_is_reproduced() -> None:
    registered, meetings = count("registrations_after_meeting", "2023-24"), count("planning_meetings", "2023-24")
    assert (registered, meetings) == (3_088, 4_069)
    assert round(percent(registered, meetings), 1) == published("conversion", "2023-24") == 75.9


def test_what_was_published_first_is_kept_beside_what_it_became() -> None:
    assert count("looked_after_stock", "2022-23") == 12_206
    assert count("looked_after_stock", "2022-23", AS_REVISED) == 12_084
    assert {row["edition"] for row in rows()} == {AS_PUBLISHED, AS_REVISED}
    assert all(row["source"] and row["status"] in ("verified", "derived") for row in rows())


def test_planning_meetings_have_28_days_since_september_2021_and_had_21() -> None:
    with (REFERENCE / TIMESCALES).open(encoding="utf-8", newline="") as file:
        days = {date.fromisoformat(row["starts_on"]): int(row["days"]) for row in csv.DictReader(file)}
    assert days == {date(2014, 5, 1): 21, date(2021, 9, 1): 28}
    assert "28 calendar days" in BY_NAME["planning_meetings_in_time"].numerator
