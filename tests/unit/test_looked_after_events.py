"""What happened to a looked-after child, worked out from the care episode."""

from typing import Any

import pytest

from schemas.families.care_episodes import CareEpisode
from schemas.looked_after_events import LookedAfterEvent, looked_after_events
from tests.examples import changed

START, MOVE = "2024-01-01", "2024-03-01"


def events(placements: list[dict[str, Any]], legal: list[dict[str, Any]], **changes: Any) -> list[LookedAfterEvent]:
    numbered = [{"id": f"p{n}", "started_on": START} | one for n, one in enumerate(placements)]
    powers = [{"id": f"l{n}", "started_on": START} | one for n, one in enumerate(legal)]
    record = {"started_on": START, "placements": numbered, "legal_reasons": powers} | changes
    return list(looked_after_events(CareEpisode.model_validate(changed("care_episodes", record))))


def kinds(found: list[LookedAfterEvent]) -> str:
    return "".join(event.kind for event in found)


AT_HOME = {"type": "at_home"}
FOSTER = {"type": "foster_la", "foster_type": "interim", "carer": "c1"}
CSO = {"legal_reason": "cso_away"}
LEFT = {"ended_on": MOVE}


@pytest.mark.parametrize(
    ("placements", "legal", "kind"),
    [
        ([FOSTER], [CSO | LEFT, {"legal_reason": "permanence_order", "started_on": MOVE}], "L"),
        ([FOSTER | LEFT, FOSTER | {"carer": "c2", "started_on": MOVE}], [CSO], "P"),
        ([FOSTER | LEFT, FOSTER | {"foster_type": "permanent", "started_on": MOVE}], [CSO], "T"),
        (
            [AT_HOME | LEFT, FOSTER | {"started_on": MOVE}],
            [{"legal_reason": "cso_at_home"} | LEFT, CSO | {"started_on": MOVE}],
            "B",
        ),
        (
            [FOSTER | LEFT, FOSTER | {"foster_type": "permanent", "started_on": MOVE}],
            [CSO | LEFT, {"legal_reason": "permanence_order", "started_on": MOVE}],
            "U",
        ),
    ],
)
def test_the_kind_of_change_follows_from_what_changed(placements: Any, legal: Any, kind: str) -> None:
    assert kinds(events(placements, legal)) == f"S{kind}"


def test_a_second_legal_reason_beside_the_first_is_a_legal_change() -> None:
    assert kinds(events([FOSTER], [CSO, {"legal_reason": "warrant", "started_on": MOVE}])) == "SL"


def test_an_order_continued_unchanged_is_no_event() -> None:
    assert kinds(events([FOSTER], [CSO | LEFT, CSO | {"started_on": MOVE}])) == "S"


def test_a_measure_varied_is_a_legal_change() -> None:
    varied = CSO | {"started_on": MOVE, "measures": ["a", "g"]}
    assert kinds(events([FOSTER], [CSO | LEFT | {"measures": ["a"]}, varied])) == "SL"


def test_two_unknown_carers_are_not_the_same_carer() -> None:
    kinship = {"type": "kinship", "kinship_relation": "grandparent"}
    assert kinds(events([kinship | LEFT, kinship | {"started_on": MOVE}], [CSO])) == "SP"


def test_an_end_gives_its_reason_and_whether_it_was_planned() -> None:
    found = events([FOSTER | LEFT], [CSO | LEFT], ended_on=MOVE, end_reason="E-RHP")
    assert kinds(found) == "SE"
    assert (found[1].end_reason, found[1].is_planned) == ("E-RHP", True)


def test_a_move_carries_its_reason_decider_and_the_childs_view() -> None:
    said = {"change_reason": "C-CAR", "decided_by_role": "social-worker", "child_view": "I was sad to go."}
    found = events([FOSTER | LEFT | said, FOSTER | {"carer": "c2", "started_on": MOVE}], [CSO])
    move = found[1]
    assert (move.change_reason, move.is_planned, move.decided_by_role) == ("C-CAR", False, "social-worker")
    assert (move.child_view, move.previous_placement_type, move.placement_type) == (
        "I was sad to go.",
        "foster_la",
        "foster_la",
    )


def test_whether_a_move_was_planned_is_never_invented() -> None:
    moved = [FOSTER | LEFT, FOSTER | {"carer": "c2", "started_on": MOVE}]
    assert events(moved, [CSO])[1].is_planned is None
    assert events([moved[0] | {"change_reason": "C-KIN", "is_planned": True}, moved[1]], [CSO])[1].is_planned is True


def test_a_stay_of_one_day_listed_last_is_not_where_the_child_ends_up() -> None:
    stays = [
        AT_HOME | LEFT,
        FOSTER | {"started_on": MOVE},
        FOSTER | {"carer": "c9", "started_on": MOVE, "ended_on": MOVE},
    ]
    found = events(stays, [CSO])
    assert [event.placement_type for event in found] == ["at_home", "foster_la", "foster_la"]
    assert [event.happened_on for event in found] == sorted(event.happened_on for event in found)


def test_two_moves_on_one_day_are_two_events() -> None:
    placements = [
        FOSTER | LEFT,
        FOSTER | {"carer": "c2", "started_on": MOVE, "ended_on": MOVE},
        AT_HOME | {"started_on": MOVE},
    ]
    assert kinds(events(placements, [CSO])) == "SPP"
