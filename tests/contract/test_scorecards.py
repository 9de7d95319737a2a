"""GET /v1/quality/scorecards: an agency's own, and everyone's for a national role."""

from typing import Any

import pytest

from services.access import credentials
from services.access.scopes import DEFAULT_SCOPES
from services.inspection.store_run import run_over_store
from services.store.engine import Store
from tests.conftest import AGENCY, ELSEWHERE, Service
from tests.examples import changed, example

THERE = ELSEWHERE[1]
ADDRESS = "/v1/quality/scorecards"


@pytest.fixture(scope="module")
def ran(service: Service) -> Service:
    """Two children here, one with a doubtful number, one elsewhere; after two runs."""
    service.put("children", "sound", changed("children", {"chi": None, "scn": None}))
    service.put("children", "doubtful", changed("children", {"chi": None, "scn": "180669079"}))
    service.put("referrals", "r", example("referrals") | {"child": "sound"})
    there = {"Authorization": f"Bearer {service.token(service.stranger)}"}
    path = f"/v1/sources/{ELSEWHERE[0]}/children/theirs"
    assert service.http.put(path, json=example("children"), headers=there).status_code == 201
    for _ in range(2):
        run_over_store(service.settings.store_url)
    return service


@pytest.fixture(scope="module")
def government(ran: Service) -> credentials.Credentials:
    store = Store(ran.settings.store_url)
    made = credentials.add_source(store, "scottish-government", "SCOTGOV", DEFAULT_SCOPES)
    store.close()
    return made


def items(service: Service, query: str = "", client: credentials.Credentials | None = None) -> list[dict[str, Any]]:
    answer = service.http.get(f"{ADDRESS}?limit=1000{query}", headers=service.headers(client))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_a_score_is_the_share_of_records_with_nothing_to_put_right(ran: Service) -> None:
    (card,) = items(ran, "&family=children&dimension=all")
    assert (card["agency"], card["tested"], card["failed"], card["score"]) == (AGENCY, 2, 1, 0.5)
    beside = ("last_year_tested", "last_year_score", "similar_tested", "similar_score")
    assert [card[name] for name in beside] == [None] * 4


def test_the_latest_run_is_told_and_an_earlier_one_on_request(ran: Service) -> None:
    assert {card["run"] for card in items(ran)} == {2}
    assert {card["run"] for card in items(ran, "&run=1")} == {1}
    assert items(ran, "&run=99") == []


def test_an_agency_sees_its_own_only(ran: Service) -> None:
    assert {card["agency"] for card in items(ran)} == {AGENCY}
    assert {card["agency"] for card in items(ran, client=ran.stranger)} == {THERE}
    asked = ran.http.get(f"{ADDRESS}?agency={THERE}", headers=ran.headers())
    assert asked.status_code == 404


def test_a_national_role_sees_all_agencies_or_the_one_it_asks_for(
    ran: Service, government: credentials.Credentials
) -> None:
    assert {card["agency"] for card in items(ran, client=government)} == {AGENCY, THERE}
    assert {card["agency"] for card in items(ran, f"&agency={THERE}", client=government)} == {THERE}


def test_pages_follow_one_another_without_gap_or_repetition(ran: Service) -> None:
    every, after, found = items(ran), 0, list[dict[str, Any]]()
    while after is not None:
        answer = ran.get(f"{ADDRESS}?limit=5&after={after}").json()
        found, after = found + answer["items"], answer["next"]
    assert found == every and len(every) > 5


@pytest.mark.parametrize("query", ["run=one", "run=-1", "limit=0", "councils=all"])
def test_what_the_address_does_not_take_is_refused(ran: Service, query: str) -> None:
    assert ran.get(f"{ADDRESS}?{query}").status_code == 400


def test_scorecards_need_the_scope_to_read_quality(ran: Service) -> None:
    token = ran.token(scope="records.write")
    assert ran.http.get(ADDRESS, headers={"Authorization": f"Bearer {token}"}).status_code == 403
