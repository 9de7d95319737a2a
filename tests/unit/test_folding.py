"""What happened once stands once in a chronology, with everybody who says so, and nothing is lost."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest

from schemas.codelists import code_list
from services.children.chronology import ENTRIES, Item, folded
from services.store.about_child import Said

COUNCIL, BOARD, PARTNERSHIP = "S12000038", "S08000031", "S37000024"
DAY, EARLIEST = date(2025, 1, 7), datetime(2025, 2, 1, tzinfo=UTC)
_SEQ = count(1)


def said(family: str, agency: str, facts: dict[str, Any], on: date = DAY, source: str = "") -> Said:
    seq = next(_SEQ)
    at = EARLIEST + timedelta(minutes=seq)
    return Said(family, seq, agency, source or f"{agency}-system", f"id-{seq}", 1, at, at, on, 0, facts)


def event(kind: str, agency: str = COUNCIL, **more: Any) -> Said:
    return said(code_list("system_events").rows[kind]["family"], agency, {"event": kind, "reason": None}, **more)


def typed(event_type: str, agency: str = COUNCIL, on: date = DAY, source: str = "", **facts: Any) -> Said:
    plain = {"event_type": event_type, "precision": "day", "corrects": None, "disputed": None}
    return said(ENTRIES, agency, plain | facts, on, source)


def stands(items: list[Item]) -> list[list[Said]]:
    return [list(item.said) for item in items]


def test_a_care_start_that_two_agencies_post_is_one_item() -> None:
    ours, theirs = event("care_start"), event("care_start", PARTNERSHIP)
    assert stands(folded([theirs, ours], [])) == [[ours, theirs]]


def test_two_moves_on_one_day_are_two_items_each_with_who_says_so() -> None:
    first, second = event("care_move"), event("care_move")
    again, again_second = event("care_move", PARTNERSHIP), event("care_move", PARTNERSHIP)
    items = folded([first, second, again, again_second], [])
    assert stands(items) == [[first, again], [second, again_second]]


def test_requests_that_two_agencies_received_on_one_day_are_two() -> None:
    ours, theirs = event("referral_received"), event("referral_received", BOARD)
    assert stands(folded([ours, theirs], [])) == [[ours], [theirs]]


def test_an_entry_of_anybody_folds_into_the_one_event_that_it_tells_of() -> None:
    start, entry = event("care_start"), typed("care_start", BOARD)
    assert stands(folded([start], [entry])) == [[start, entry]]


def test_an_entry_goes_to_its_own_sources_event_where_several_are_alike() -> None:
    ours, theirs, elsewhere = (event("referral_received", one) for one in (COUNCIL, BOARD, PARTNERSHIP))
    entry, by_agency = typed("request_for_assistance", BOARD), typed("request_for_assistance", COUNCIL, source="other")
    unsettled = typed("request_for_assistance", "POLICE")
    items = folded([ours, theirs, elsewhere], [entry, by_agency, unsettled])
    assert stands(items) == [[ours, by_agency], [theirs, entry], [elsewhere], [unsettled]]


@pytest.mark.parametrize("code", ["care_move", "legal_order"])
def test_a_move_that_changed_the_legal_reason_takes_in_what_was_typed_of_either(code: str) -> None:
    both, entry = event("care_and_legal_change"), typed(code)
    assert stands(folded([both], [entry])) == [[both, entry]]


@pytest.mark.parametrize(
    "entry",
    [
        typed("care_start", on=DAY + timedelta(days=1)),
        typed("care_start", precision="month"),
        typed("care_start", precision="circa"),
        typed("care_start", corrects="an-entry"),
        typed("care_start", disputed=True),
        typed("care_move"),
        typed("school_change"),
    ],
)
def test_another_day_another_type_or_something_of_its_own_stands_by_itself(entry: Said) -> None:
    start = event("care_start")
    assert stands(folded([start], [entry])) == [[start], [entry]]


def test_nothing_is_lost_and_nothing_stands_twice() -> None:
    random = Random(3)  # noqa: S311
    kinds, types = list(code_list("system_events").rows), list(code_list("event_types").rows)
    agencies = (COUNCIL, BOARD, PARTNERSHIP)
    days = [DAY + timedelta(days=number) for number in range(4)]
    for _ in range(50):
        events = [event(random.choice(kinds), random.choice(agencies), on=random.choice(days)) for _ in range(30)]
        entries = [typed(random.choice(types), random.choice(agencies), random.choice(days)) for _ in range(60)]
        told = [one.seq for item in folded(events, entries) for one in item.said]
        assert sorted(told) == sorted(one.seq for one in (*events, *entries))


def test_every_looked_after_event_is_a_system_event_of_one_kind() -> None:
    rows = code_list("system_events").rows.values()
    kinds = [kind for row in rows for kind in row["kinds"].split(";") if kind]
    assert sorted(kinds) == sorted(code_list("looked_after_event_kinds").rows)
