"""Breaking glass: an hour's sight on a reason, the officers' notices of it, and their review."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.access import credentials
from services.access.officers import add_officer, remove_officer
from services.access.sight import sight_of
from services.errors import BadRequest, NotFound
from services.store import audit
from services.store.engine import Store
from services.store.writing import Owner
from tests.conftest import AGENCY, ELSEWHERE, Service
from tests.posted import asker, post, post_child

REASON = "Missing since last night, said to be with an aunt"
HEADERS = {"Kith-Purpose": "child-protection", "Kith-Worker": "w-7; role=social-worker"}
HERE, THERE = Owner("renfrewshire-social-work", AGENCY), Owner(*ELSEWHERE)
CHI_OF_NOBODY: dict[str, Any] = {"chi": None, "scn": None}


def break_glass(service: Service, child: str, /, headers: dict[str, str] = HEADERS, **body: Any) -> httpx.Response:
    """By the stranger's agency."""
    sent = service.headers(service.stranger) | headers
    return service.http.post(f"/v1/children/{child}/break-glass", json=body, headers=sent)


def officers_of(service: Service, agency: str) -> dict[str, str]:
    """The header of a client that may read an agency's notices."""
    store, name = Store(service.settings.store_url), f"officers-{agency.lower()}"
    try:
        client = credentials.add_source(store, name, agency, ["audit.read"])
    except BadRequest:
        client = credentials.rotate(store, name)
    store.close()
    return service.headers(client)


def notices(service: Service, agency: str, child: str) -> list[dict[str, Any]]:
    answer = service.http.get("/v1/notices?limit=1000", headers=officers_of(service, agency))
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["items"] if one["child"] == child]


def sees(store: Store, child: str, worker: str, at: datetime) -> set[str]:
    with store.reading() as connection:
        try:
            return set(sight_of(connection, asker(THERE, worker), child, at).agencies)
        except NotFound:
            return set()


def test_broken_glass_opens_a_child_to_that_worker_for_an_hour(service: Service, held: Store) -> None:
    child = post_child(held, HERE)
    now = datetime.now(UTC)
    assert sees(held, child, "w-7", now) == set()
    answer = break_glass(service, child, reason=REASON)
    assert answer.status_code == 201 and answer.json().keys() == {"grant", "expires_at"}
    expires_at = datetime.fromisoformat(answer.json()["expires_at"])
    assert timedelta(minutes=59) < expires_at - now < timedelta(minutes=61)
    just_before = expires_at - timedelta(seconds=1)
    assert sees(held, child, "w-7", just_before) == {HERE.agency, THERE.agency}
    assert (sees(held, child, "w-8", just_before), sees(held, child, "w-7", expires_at)) == (set(), set())


def test_the_officers_of_both_agencies_are_told_and_review(service: Service, held: Store) -> None:
    child = post(held, HERE, "children", "told", **CHI_OF_NOBODY).child or ""
    grant = break_glass(service, child, reason=REASON).json()["grant"]
    for agency in (HERE.agency, THERE.agency):
        (notice,) = notices(service, agency, child)
        told = {"kind": "break_glass", "by_agency": THERE.agency, "grant": grant, "reason": REASON, "worker": "w-7"}
        assert notice.items() >= (told | {"state": "new", "role": "social-worker"}).items()
    headers = officers_of(service, HERE.agency)
    review = {"state": "justified", "note": "The aunt was found with the child."}
    answer = service.http.put(
        f"/v1/notices/{notices(service, HERE.agency, child)[0]['id']}", json=review, headers=headers
    )
    assert answer.status_code == 200 and answer.json().items() >= review.items()
    assert notices(service, HERE.agency, child)[0]["state"] == "justified"
    assert notices(service, THERE.agency, child)[0]["state"] == "new"
    theirs = notices(service, THERE.agency, child)[0]["id"]
    assert service.http.put(f"/v1/notices/{theirs}", json=review, headers=headers).status_code == 404
    assert service.http.put("/v1/notices/1", json={"state": "fine"}, headers=headers).status_code in (404, 422)


def test_it_is_on_the_log_without_its_reason(service: Service, held: Store) -> None:
    child = post(held, HERE, "children", "logged", **CHI_OF_NOBODY).child or ""
    grant = break_glass(service, child, reason=REASON).json()["grant"]
    with held.reading() as connection:
        (entry,) = audit.of_child(connection, child, 0, 10)
    assert (entry.act.act, entry.act.agency, entry.act.worker) == ("break_glass", THERE.agency, "w-7")
    assert entry.act.detail["grant"] == grant
    assert REASON not in repr(entry)


def test_it_needs_a_purpose_a_worker_a_reason_and_a_known_child(service: Service, held: Store) -> None:
    child = post(held, HERE, "children", "needs", **CHI_OF_NOBODY).child or ""
    for missing in HEADERS:
        rest = {name: value for name, value in HEADERS.items() if name != missing}
        answer = break_glass(service, child, headers=rest, reason=REASON)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/purpose-required")
    for body in ({}, {"reason": "  "}, {"reason": "quick"}, {"reason": REASON, "more": 1}):
        answer = break_glass(service, child, **body)
        assert answer.status_code == 422 and answer.json()["errors"], body
        assert REASON not in answer.text
    assert break_glass(service, "nobody", reason=REASON).status_code == 404
    assert break_glass(service, "nobody").status_code == 404
    assert notices(service, HERE.agency, child) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Kith-Purpose": "curiosity"},
        {"Kith-Worker": "w-7"},
        {"Kith-Worker": "w-7; role=stranger"},
        {"Kith-Worker": "w-7; role=system"},
        {"Kith-Worker": "; role=teacher"},
        {"Kith-Purpose": "health-care"},
    ],
)
def test_what_does_not_go_together_is_refused_before_the_child_is_looked_for(
    service: Service, headers: dict[str, str]
) -> None:
    answer = break_glass(service, "nobody", headers=HEADERS | headers, reason=REASON)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/purpose-required")


def test_a_child_whose_identity_changed_is_as_unknown_and_its_officers_hear(service: Service, held: Store) -> None:
    child = post(held, HERE, "children", "sealed", **CHI_OF_NOBODY, identity_change="adoption").child or ""
    sealed, unknown = break_glass(service, child, reason=REASON), break_glass(service, "nobody", reason=REASON)
    told = [{name: value for name, value in one.json().items() if name != "instance"} for one in (sealed, unknown)]
    assert told[0] == told[1] and sealed.status_code == 404
    assert [one["kind"] for one in notices(service, HERE.agency, child)] == ["break_glass_refused"]
    assert notices(service, THERE.agency, child) == []


def test_an_agency_has_two_officers_and_no_more(held: Store) -> None:
    for worker in ("o-1", "o-2"):
        add_officer(held, HERE.agency, worker)
    with pytest.raises(BadRequest):
        add_officer(held, HERE.agency, "o-3")
    remove_officer(held, HERE.agency, "o-1")
    with pytest.raises(NotFound):
        remove_officer(held, HERE.agency, "o-1")
    add_officer(held, HERE.agency, "o-3")
    with pytest.raises(BadRequest):
        add_officer(held, "nobody", "o-1")


def test_notices_need_their_scope(service: Service) -> None:
    assert service.http.get("/v1/notices", headers=service.headers()).status_code == 403
    assert service.http.put("/v1/notices/1", json={"state": "new"}, headers=service.headers()).status_code == 403
