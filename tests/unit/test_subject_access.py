"""What a person is given of what is held about them: all of it, but for what is others' until somebody has looked."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import select

from schemas.fields import OfOthers, Release
from schemas.registry import TABLES
from services.access.following import others_seen
from services.access.logbook import act_of
from services.children import subject_access, subject_access_page
from services.children.others import read_decisions
from services.children.subject_access import Package
from services.errors import BadRequest, NotFound
from services.store import audit, feed, officers
from services.store.audit import AUDIT
from services.store.engine import Store
from services.store.relationships import Who
from services.store.tables import Officer
from tests.posted import COUNCIL, HEALTH, asker, post, post_child, retract

BROTHER = "his brother Domnhall"
WORKER = "w-lead-9"
NOBODY = Who("", "")


@pytest.fixture
def child(store: Store) -> str:
    """A child of two agencies, with a corrected, a retracted and a third party's entry, and somebody who looked."""
    child = post_child(store, COUNCIL, HEALTH, siblings=[{"child": "sib-77", "relation": "full"}])
    later = datetime.now(UTC).isoformat()
    lead = {"worker": WORKER, "role": "social-worker", "contact": "0141 555 0199", "agency": HEALTH.agency}
    post(store, COUNCIL, "plans", "plan-1", reason="To be safe", lead_professional=lead)
    alone: dict[str, Any] = {"people": ["child"], "third_party": False}
    post(store, COUNCIL, "chronologies", "own", description="Moved to a new school in May", **alone)
    post(store, COUNCIL, "chronologies", "own", description="Moved to a new school in June", recorded_at=later, **alone)
    post(
        store,
        HEALTH,
        "chronologies",
        "others",
        description=f"Seen with {BROTHER} at the clinic",
        people=["child", "sibling"],
    )
    post(store, HEALTH, "referrals", "taken-back")
    retract(store, HEALTH, "referrals", "taken-back")
    with store.writing() as connection:
        read = act_of(
            asker(HEALTH, "w-secret"), "read", "chronology", child, {"items": {COUNCIL.agency: 2}, "shown": ["place"]}
        )
        audit.record(connection, [read])
    return child


def made(store: Store, child: str, decided: Mapping[str, str] | None = None, by: Who = NOBODY) -> Package:
    return subject_access.make(store, child, by, decided or {})


def text(package: Package) -> str:
    return json.dumps(package.body, default=str, ensure_ascii=False)


def record(package: Package, source_id: str) -> dict[str, Any]:
    (found,) = [one for one in package.body["records"] if one["source_id"] == source_id]
    assert isinstance(found, dict)
    return found


def test_every_record_is_there_from_each_agency_with_its_earlier_versions(store: Store, child: str) -> None:
    package = made(store, child)
    assert [(one["source"], one["family"], one["state"]) for one in package.body["records"]] == [
        (HEALTH.source, "children", "held"),
        (HEALTH.source, "chronologies", "held"),
        (HEALTH.source, "referrals", "taken back"),
        (COUNCIL.source, "children", "held"),
        (COUNCIL.source, "chronologies", "held"),
        (COUNCIL.source, "plans", "held"),
    ]
    said = [one["record"]["description"] for one in record(package, "own")["versions"]]
    assert said == ["Moved to a new school in May", "Moved to a new school in June"]
    assert [one["op"] for one in record(package, "taken-back")["versions"]] == ["put", "retract"]


def test_another_childs_records_are_not_in_it(store: Store, child: str) -> None:
    post(store, COUNCIL, "children", "child-2", chi=None, scn=None, given_name="Somebodyelse")
    post(store, COUNCIL, "plans", "plan-of-2", child="child-2")
    told = text(made(store, child))
    assert "Somebodyelse" not in told and "plan-of-2" not in told


def test_what_may_be_about_others_is_kept_back_and_queued_by_record_and_pointer(store: Store, child: str) -> None:
    package = made(store, child)
    assert not any(word in text(package) for word in (BROTHER, "sib-77", "0141 555 0199", "To be safe"))
    queued = {(one["source_id"], one["pointer"]): one for one in package.queue["entries"]}
    assert BROTHER in queued["others", "/description"]["value"]
    assert queued["others", "/people/1"]["value"] == "sibling"
    assert queued["child-0001", "/siblings/0/child"]["why"] == OfOthers.SAYS.value
    assert queued["plan-1", "/lead_professional/contact"]["value"] == "0141 555 0199"
    assert ("own", "/description") not in queued, "it says that it is of the child alone"
    assert (package.body["waiting"], package.body["is_final"]) == (len(package.queue["entries"]), False)


def test_what_is_decided_is_shown_or_taken_out(store: Store, child: str) -> None:
    first = made(store, child)
    for entry in first.queue["entries"]:
        entry["decision"] = "redact" if BROTHER in str(entry["value"]) else "keep"
    final = made(store, child, read_decisions(json.dumps(first.queue)))
    assert final.body["is_final"]
    assert record(final, "plan-1")["versions"][0]["record"]["reason"] == "To be safe"
    assert record(final, "others")["versions"][0]["record"]["description"] == {"taken_out": True}
    assert BROTHER not in text(final)


def test_words_that_changed_since_the_decision_wait_again(store: Store, child: str) -> None:
    first = made(store, child)
    decided = {one["id"]: "keep" for one in first.queue["entries"]}
    post(store, COUNCIL, "plans", "plan-1", reason="Because of the father", recorded_at=datetime.now(UTC).isoformat())
    again = made(store, child, decided)
    assert [one["value"] for one in again.queue["entries"] if one["decision"] is None] == ["Because of the father"]


@pytest.mark.parametrize("given", ["[", "3", '{"entries": [{"decision": "keep"}]}', '[{"id": "a", "decision": "yes"}]'])
def test_what_are_no_decisions_is_refused(given: str) -> None:
    with pytest.raises(BadRequest):
        read_decisions(given)


def test_workers_ids_are_left_out_wherever_they_stand(store: Store, child: str) -> None:
    package = made(store, child, {one["id"]: "keep" for one in made(store, child).queue["entries"]})
    assert WORKER not in text(package) and "w-secret" not in text(package)


def test_who_looked_why_and_what_came_of_it_is_told(store: Store, child: str) -> None:
    package = made(store, child)
    (look,) = package.body["looked"]
    assert (look["agency"], look["role"], look["purpose"], look["what"]) == (
        HEALTH.agency, "social-worker", "child-wellbeing", "chronology",
    )  # fmt: skip
    (received,) = package.body["received"]
    assert (received["times"], received["field_classes"], received["items_of"]) == (1, ["place"], {COUNCIL.agency: 2})


def test_copies_that_the_feed_gave_others_are_counted(store: Store, child: str) -> None:
    feed.page(store, HEALTH.agency, 0, 100, others_seen)
    post(store, COUNCIL, "chronologies", "more")
    feed.page(store, HEALTH.agency, 0, 100, others_seen)
    (copies,) = made(store, child).body["copies"]
    assert (copies["to_agency"], copies["of_agency"], copies["entries"]) == (HEALTH.agency, COUNCIL.agency, 1)


def test_where_a_restricted_child_is_does_not_leave_and_the_package_says_so(store: Store, child: str) -> None:
    assert "home_postcode" in text(made(store, child))
    post(store, HEALTH, "chronologies", "restricting", restricted="restricted")
    package = made(store, child, {one["id"]: "keep" for one in made(store, child).queue["entries"]})
    assert package.body["left_out"] == ["place"]
    assert not any(word in text(package) for word in ("home_postcode", "0141 555 0199", 'carer"'))
    assert "to keep you safe" in subject_access_page.write(package.body)


def test_a_child_whose_identity_changed_is_for_a_named_officer_alone(store: Store) -> None:
    child = post(store, COUNCIL, "children", "changed", identity_change="adoption", chi=None, scn=None).child
    assert child
    with pytest.raises(NotFound) as unknown:
        made(store, "no-such-child")
    for by in (NOBODY, Who(COUNCIL.agency, "w-1"), Who(HEALTH.agency, "w-officer")):
        with pytest.raises(NotFound) as sealed:
            made(store, child, by=by)
        assert sealed.value.title == unknown.value.title
    with store.writing() as connection:
        officers.add(connection, Officer(agency=COUNCIL.agency, worker="w-officer", added_at=datetime.now(UTC)))
    assert len(made(store, child, by=Who(COUNCIL.agency, "w-officer")).body["records"]) == 1


def test_that_a_package_was_made_is_on_the_audit(store: Store, child: str) -> None:
    made(store, child, by=Who(COUNCIL.agency, "w-dpo"))
    with store.reading() as connection:
        (act,) = connection.execute(select(AUDIT).where(AUDIT.c.act == "export")).all()
    assert (act.child, act.agency, act.worker, act.purpose) == (child, COUNCIL.agency, "w-dpo", "subject-access")
    assert json.loads(act.detail)["records"] == 6


class Outline(HTMLParser):
    """The elements of a page, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.loaded += [value or "" for name, value in attributes if name in ("src", "href")]


def test_the_page_is_in_plain_words_stands_alone_and_says_what_is_kept_back(store: Store, child: str) -> None:
    written = subject_access_page.write(made(store, child).body)
    outline = Outline()
    outline.feed(written)
    assert outline.loaded == [] and outline.elements.count("h1") == 1 and "script" not in outline.elements
    for words in ("Kept back until somebody has looked at it", "Moved to a new school in June", "Renfrewshire Council"):
        assert words in written
    assert BROTHER not in written and "girfec" not in written, "codes are told in words"


def test_words_in_a_record_cannot_break_the_page(store: Store, child: str) -> None:
    post(store, COUNCIL, "chronologies", "odd", description="<script>alert(1)</script> it was", people=["child"])
    assert "<script>" not in subject_access_page.write(made(store, child).body)


def free_text() -> Iterator[Any]:
    yield from (column for table in TABLES for column in table.columns if column.release is Release.SAID)


def test_every_field_of_free_text_is_one_that_may_speak_of_others() -> None:
    assert {column.of_others for column in free_text()} == {OfOthers.MAY}
