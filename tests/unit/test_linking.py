"""Which children records are linked to one child when they arrive."""

import json
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from schemas.registry import BY_NAME
from services.intake.receive import receive_batch
from services.intake.singles import read_record, read_retraction, receive
from services.intake.taking import Received, take
from services.store.engine import Store
from services.store.links import links_of
from services.store.writing import Owner
from tests.examples import changed

SOCIAL_WORK = Owner("renfrewshire-social-work", "S12000038")
HEALTH = Owner("ggc-health", "S08000031")
SCHOOL = Owner("renfrewshire-education", "S12000038")


LATER, STILL_LATER = "2025-06-01T09:00:00Z", "2025-06-02T09:00:00Z"


def batch(store: Store, *records: tuple[str, dict[str, Any]]) -> None:
    """Children records of the social work source, in one batch."""
    lines = (
        json.dumps({"family": "children", "source_id": name, "record": changed("children", changes)})
        for name, changes in records
    )
    assert not receive_batch(store, SOCIAL_WORK, "\n".join(lines).encode()).counts["rejected"]


def arrive(store: Store, owner: Owner, source_id: str, **changes: Any) -> Received:
    body = json.dumps(changed("children", changes)).encode()
    return receive(store, read_record(owner, BY_NAME["children"], source_id, body))


def test_the_same_chi_and_birth_date_is_one_child_across_agencies(store: Store) -> None:
    first = arrive(store, SOCIAL_WORK, "a", scn=None)
    second = arrive(store, HEALTH, "b", scn=None, given_name="Ila")
    assert (first.link, second.link) == ("new", "match")
    assert first.child == second.child


def test_an_scn_links_where_there_is_no_chi(store: Store) -> None:
    assert arrive(store, SOCIAL_WORK, "a").child == arrive(store, SCHOOL, "b", chi=None).child


@pytest.mark.parametrize(
    "changes",
    [
        {"scn": None, "date_of_birth": "2015-01-02"},
        {"scn": None, "chi": "0101157508"},
        {"scn": None, "chi": None},
        {"identity_change": "adoption"},
    ],
)
def test_without_a_trusted_identifier_that_agrees_it_is_a_new_child(store: Store, changes: dict[str, Any]) -> None:
    assert arrive(store, SOCIAL_WORK, "a").child != arrive(store, HEALTH, "b", **changes).child


def test_a_chi_that_comes_later_moves_the_link_and_nothing_else(store: Store) -> None:
    known = arrive(store, HEALTH, "b")
    alone = arrive(store, SOCIAL_WORK, "a", chi=None, scn=None)
    later = arrive(store, SOCIAL_WORK, "a", recorded_at="2025-06-01T09:00:00Z")
    assert alone.child != known.child == later.child


def test_a_chi_taken_back_undoes_the_link(store: Store) -> None:
    known = arrive(store, HEALTH, "b")
    linked = arrive(store, SOCIAL_WORK, "a")
    corrected = arrive(store, SOCIAL_WORK, "a", chi=None, scn=None, recorded_at="2025-06-01T09:00:00Z")
    assert linked.child == known.child != corrected.child


def test_an_scn_in_common_does_not_link_two_different_chis(store: Store) -> None:
    assert arrive(store, SOCIAL_WORK, "a").child != arrive(store, HEALTH, "b", chi="0101157517").child


def test_a_chi_corrected_by_the_record_that_came_first_leaves_the_child_to_its_owner(store: Store) -> None:
    mistaken = arrive(store, SOCIAL_WORK, "a", scn=None)
    owner = arrive(store, HEALTH, "b", scn=None)
    corrected = arrive(store, SOCIAL_WORK, "a", scn=None, chi="0101157517", recorded_at=LATER)
    assert mistaken.child == owner.child != corrected.child
    assert arrive(store, SCHOOL, "c", scn=None, chi="0101157517").child == corrected.child


def test_an_scn_leads_to_no_child_that_has_another_chi_by_whatever_record(store: Store) -> None:
    by_chi, by_scn = arrive(store, SOCIAL_WORK, "a"), arrive(store, SCHOOL, "b", chi=None)
    assert by_chi.child == by_scn.child != arrive(store, HEALTH, "c", chi="0101157517").child


def test_records_of_one_child_that_come_again_together_keep_it(store: Store) -> None:
    before = arrive(store, SOCIAL_WORK, "a").child
    arrive(store, SOCIAL_WORK, "b")
    batch(store, ("n", {}), ("b", {"recorded_at": LATER}), ("a", {"recorded_at": LATER}))
    assert {arrive(store, SOCIAL_WORK, name, recorded_at=STILL_LATER).child for name in "abn"} == {before}


def test_in_one_batch_a_corrected_record_and_its_newcomer_part_from_the_rest(store: Store) -> None:
    before = arrive(store, SOCIAL_WORK, "a").child
    arrive(store, HEALTH, "b", chi=None)
    other = {"chi": "0101157517", "scn": None}
    batch(store, ("n", other), ("a", other | {"recorded_at": LATER}))
    corrected = arrive(store, SOCIAL_WORK, "a", **other, recorded_at=STILL_LATER).child
    assert arrive(store, SOCIAL_WORK, "n", **other, recorded_at=STILL_LATER).child == corrected
    assert arrive(store, HEALTH, "b", chi=None, recorded_at=STILL_LATER).child == before != corrected


def test_a_record_whose_duplicate_was_merged_into_it_keeps_its_child(store: Store) -> None:
    alone = {"chi": None, "scn": None}
    child = arrive(store, SOCIAL_WORK, "a", **alone).child
    arrive(store, SOCIAL_WORK, "d", **alone)
    merged = json.dumps({"reason": "merged", "replaced_by": "a"}).encode()
    receive(store, read_retraction(SOCIAL_WORK, BY_NAME["children"], "d", merged))
    assert arrive(store, SOCIAL_WORK, "a", **alone, recorded_at=LATER).child == child


def test_an_identity_change_taken_back_does_not_link_across_it(store: Store) -> None:
    known = arrive(store, HEALTH, "b")
    changed_one = arrive(store, SOCIAL_WORK, "a", identity_change="adoption")
    later = arrive(store, SOCIAL_WORK, "a", recorded_at="2025-06-01T09:00:00Z")
    assert known.child != changed_one.child == later.child


def test_an_identity_change_is_remembered_through_a_retraction(store: Store) -> None:
    known = arrive(store, HEALTH, "b")
    changed_one = arrive(store, SOCIAL_WORK, "a", identity_change="adoption")
    taken_back = json.dumps({"reason": "entered-in-error", "recorded_at": "2025-06-01T09:00:00Z"}).encode()
    receive(store, read_retraction(SOCIAL_WORK, BY_NAME["children"], "a", taken_back))
    revived = arrive(store, SOCIAL_WORK, "a", recorded_at="2025-06-02T09:00:00Z")
    assert known.child != changed_one.child == revived.child


def test_an_identity_change_within_a_batch_leaves_the_others_linked(store: Store) -> None:
    records = [("x", {}), ("y", {}), ("x", {"identity_change": "safety", "recorded_at": "2025-06-01T09:00:00Z"})]
    lines = (
        json.dumps({"family": "children", "source_id": name, "record": changed("children", changes)})
        for name, changes in records
    )
    counts = receive_batch(store, SOCIAL_WORK, "\n".join(lines).encode()).counts
    assert (counts["created"], counts["replaced"]) == (2, 1)
    assert (
        arrive(store, HEALTH, "b").child
        == arrive(store, SOCIAL_WORK, "y").child
        != arrive(store, SOCIAL_WORK, "x").child
    )


def test_an_identity_change_is_never_linked_to_what_was_before(store: Store) -> None:
    before = arrive(store, SOCIAL_WORK, "a")
    after = arrive(store, SOCIAL_WORK, "a", identity_change="adoption", recorded_at="2025-06-01T09:00:00Z")
    again = arrive(store, SOCIAL_WORK, "a", identity_change="adoption", recorded_at="2025-06-02T09:00:00Z")
    assert before.child != after.child == again.child
    assert arrive(store, HEALTH, "b").child != after.child


def test_a_record_merged_into_one_that_moves_meanwhile_moves_with_it(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    arrive(store, HEALTH, "other", scn=None, chi="0101157517")
    arrive(store, SOCIAL_WORK, "stays")
    arrive(store, SOCIAL_WORK, "merged", scn=None, chi=None)
    merge = read_retraction(SOCIAL_WORK, BY_NAME["children"], "merged", b'{"reason":"merged","replaced_by":"stays"}')
    with ThreadPoolExecutor(1) as moving:
        with store.writing() as connection:
            take(connection, [merge.sent])
            moved = moving.submit(arrive, store, SOCIAL_WORK, "stays", scn=None, chi="0101157517", recorded_at=LATER)
            wait([moved], timeout=1)
    child = moved.result().child
    with store.reading() as connection:
        found = links_of(connection, [(SOCIAL_WORK, "stays"), (SOCIAL_WORK, "merged")])
    assert [one for one, _ in found.values()] == [child, child]
