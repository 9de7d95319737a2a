"""The calibration report: every figure is counted from the records, and near the published one for its size."""

import re
from collections import Counter
from dataclasses import replace
from math import sqrt

import pytest

from seed.calibration import page, report
from seed.figures import NEAR, Item, figure
from seed.population import quintile_of
from seed.reference import lines
from seed.tally import STOCK_ON, band

CHILDREN = 4000
FEWEST = 25
"""A figure of which fewer were counted says little of its weights."""


@pytest.fixture(scope="module")
def told() -> list[int]:
    return []


@pytest.fixture(scope="module")
def items(told: list[int]) -> list[Item]:
    return report(CHILDREN, seed=1, progress=told.append)


def test_at_least_25_figures_are_verified(items: list[Item]) -> None:
    assert sum(item.status == "verified" for item in items) >= 25
    assert {item.status for item in items} == {"verified", "unverified"}


def test_every_figure_is_counted_in_the_records(items: list[Item]) -> None:
    assert [item.figure for item in items] == [line["figure"] for line in lines("published_figures")]
    few = {item.figure for item in items if item.made_up is None}
    assert few <= {"scn_dundee", "scn_angus"}


def test_every_figure_is_near_the_published_one_for_so_few_children(items: list[Item]) -> None:
    """Wide enough for chance; where a row has a note of its own, that says why it is off."""
    explained = {line["figure"] for line in lines("published_figures") if line["note"]}
    counted = [item for item in items if item.counted >= FEWEST and item.figure not in explained]
    assert len(counted) > 25
    for item in counted:
        assert item.off is not None
        assert abs(item.off) < 0.08 + 3 / sqrt(item.counted), item


def test_what_is_published_about_records_a_child_holds_even_for_few(items: list[Item]) -> None:
    by_name = {item.figure: item for item in items}
    assert by_name["placements_per_episode"].made_up == pytest.approx(2.11, rel=0.1)
    assert by_name["legal_reasons_per_episode"].made_up == pytest.approx(2.92, rel=0.1)


def test_a_figure_that_is_off_says_why(items: list[Item]) -> None:
    far = [item for item in items if item.off is None or abs(item.off) > NEAR]
    assert far
    assert sum(bool(item.note) for item in far) > 0.9 * len(far)


def test_progress_is_told(told: list[int], items: list[Item]) -> None:
    assert sum(told) == CHILDREN


def test_the_same_seed_gives_the_same_report() -> None:
    assert report(300, seed=2) == report(300, seed=2)


def test_a_figure_with_nothing_to_divide_by_has_no_value() -> None:
    line = next(line for line in lines("published_figures") if line["unit"].startswith("%"))
    assert figure(line, Counter()).made_up is None
    half = Counter({line["counts"]: 50, line["per"]: 100})
    assert figure(line, half).made_up == 50


def test_every_row_has_its_source_status_and_counts() -> None:
    rows = lines("published_figures")
    assert len({row["figure"] for row in rows}) == len(rows)
    for row in rows:
        assert float(row["value"]) > 0
        assert all(row[name] for name in ("label", "unit", "counts", "per", "source")), row["figure"]
        assert row["as_of"] or row["status"] == "unverified", row["figure"]


def test_every_data_zone_is_of_one_council_and_quintile() -> None:
    rows = lines("data_zones")
    numbers = [number for row in rows for number in range(int(row["first_zone"]), int(row["last_zone"]) + 1)]
    assert numbers == list(range(6506, 13482))
    assert all("MADE UP" in row["source"] for row in rows)
    assert quintile_of("S01006506") == 1
    assert quintile_of("S01009999") in range(1, 6)
    assert quintile_of("S01000001") is None


def test_ages_and_stays_fall_in_the_published_bands() -> None:
    assert band("start_age", 0) == "under 1"
    assert band("register_age", -1) == "unborn"
    assert band("stay_days", 400) == "1 to 3 years"
    assert (STOCK_ON.month, STOCK_ON.day) == (7, 31)


def test_the_page_says_that_it_is_made_up_and_loads_nothing(items: list[Item]) -> None:
    shown = page(items)
    assert "MADE-UP DATA" in shown
    assert not re.search(r"https?:|src=|href=|url\(|@import|<script|<link", shown)
    assert shown.count("<svg") == len(items)
    assert all(item.source.split(" (")[0].split(":")[0] in shown for item in items)


def test_the_page_escapes_what_it_shows(items: list[Item]) -> None:
    odd = replace(items[0], label="<b>bold</b>", made_up=None)
    assert "<b>" not in page([odd])
