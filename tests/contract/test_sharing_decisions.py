"""Decisions on sharing: what was shared, what was not, and that purpose, basis and consent go together."""

from typing import Any

import httpx
import pytest

from services.store import audit
from services.store.engine import Store
from tests.conftest import AGENCY, ELSEWHERE, Service
from tests.examples import changed

HEADERS = {"Kith-Purpose": "child-wellbeing", "Kith-Worker": "w-7; role=social-worker"}
SHARED = {
    "is_shared": True,
    "shared_with": "S08000031",
    "shared_with_role": "health-visitor",
    "what": "The assessment of March and its plan.",
    "reason": "The health visitor takes over the weekly visits.",
    "lawful_basis": "public_task",
    "consent": "not_sought",
}
NOT_SHARED = SHARED | {"is_shared": False, "lawful_basis": None, "reason": "It would tell more than the visits need."}


def child_of(service: Service, source_id: str) -> str:
    record = changed("children", {"chi": None, "scn": None})
    child: str = service.put("children", source_id, record).json()["child"]
    return child


def decide(
    service: Service, child: str, body: Any, by_stranger: bool = False, purpose: str = "child-wellbeing"
) -> httpx.Response:
    sent = service.headers(service.stranger if by_stranger else None) | HEADERS | {"Kith-Purpose": purpose}
    return service.http.post(f"/v1/children/{child}/sharing-decisions", json=body, headers=sent)


def decided(service: Service, child: str, by_stranger: bool = False) -> httpx.Response:
    sent = service.headers(service.stranger if by_stranger else None) | HEADERS
    return service.http.get(f"/v1/children/{child}/sharing-decisions", headers=sent)


def test_what_was_shared_and_what_was_not_is_kept_with_its_reason(service: Service) -> None:
    child = child_of(service, "kept")
    for body in (SHARED, NOT_SHARED):
        answer = decide(service, child, body)
        assert answer.status_code == 201, answer.text
        assert answer.json().items() >= (body | {"agency": AGENCY, "purpose": "child-wellbeing"}).items()
    items = decided(service, child).json()["items"]
    assert [one["reason"] for one in items] == [SHARED["reason"], NOT_SHARED["reason"]]
    store = Store(service.settings.store_url)
    with store.reading() as connection:
        acts = [one.act for one in audit.of_child(connection, child, 0, 10)]
    store.close()
    assert [one.act for one in acts] == ["decision", "decision", "read"]
    assert str(SHARED["reason"]) not in repr(acts)


@pytest.mark.parametrize(
    ("changes", "purpose", "code"),
    [
        ({"consent": "given"}, "child-wellbeing", "consent-not-to-be-sought"),
        ({"consent": "refused", "is_shared": False}, "child-wellbeing", "consent-not-to-be-sought"),
        ({"lawful_basis": "consent"}, "child-wellbeing", "consent-not-given"),
        ({"lawful_basis": "consent", "consent": "refused"}, "child-wellbeing", "consent-not-given"),
        ({"lawful_basis": None}, "child-wellbeing", "missing"),
        ({"lawful_basis": "legitimate_interests"}, "child-wellbeing", "not-with-this-purpose"),
        ({"lawful_basis": "law_enforcement"}, "child-protection", "not-with-this-purpose"),
        ({"lawful_basis": "consent", "consent": "given"}, "child-protection", "not-with-this-purpose"),
    ],
)
def test_what_does_not_go_together_is_refused(
    service: Service, changes: dict[str, Any], purpose: str, code: str
) -> None:
    child = child_of(service, "together")
    answer = decide(service, child, SHARED | changes, purpose=purpose)
    assert (answer.status_code, [one["code"] for one in answer.json()["errors"]]) == (422, [code])
    assert decided(service, child).json()["items"] == []


def test_consent_is_a_basis_where_it_was_sought_and_given(service: Service) -> None:
    child = child_of(service, "consent")
    assert decide(service, child, SHARED | {"lawful_basis": "consent", "consent": "given"}).status_code == 201


def test_strangers_neither_decide_nor_read_nor_learn_that_there_is_a_child(service: Service) -> None:
    child = child_of(service, "strangers")
    assert decide(service, child, SHARED).status_code == 201
    answers = [
        *(decided(service, one, by_stranger=True) for one in (child, "nobody")),
        *(decide(service, one, body, by_stranger=True) for one in (child, "nobody") for body in (SHARED, {})),
    ]
    told = [{name: value for name, value in one.json().items() if name != "instance"} for one in answers]
    assert [one.status_code for one in answers] == [404] * 6
    assert all(one == told[0] for one in told)


def test_whoever_is_let_in_reads_the_decisions_of_those_who_let_it(service: Service) -> None:
    child = child_of(service, "let-in")
    decide(service, child, SHARED)
    plan = changed("plans", {"child": "let-in", "partners": [{"agency": ELSEWHERE[1]}]})
    assert service.put("plans", "let-in", plan).status_code == 201
    (one,) = decided(service, child, by_stranger=True).json()["items"]
    assert one["what"] == SHARED["what"]
