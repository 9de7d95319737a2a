"""Many clients at once: single records that share a transaction, one record that all of them post."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.conftest import Service
from tests.examples import changed

POSTERS = 32


def at(minute: int) -> str:
    return f"2025-04-01T09:{minute:02}:00+01:00"


def test_of_32_posters_of_one_key_exactly_one_creates(service: Service) -> None:
    def post(number: int) -> httpx.Response:
        return service.put("referrals", "contended", changed("referrals", {"recorded_at": at(number)}))

    service.headers()
    with ThreadPoolExecutor(POSTERS) as posters:
        answers = list(posters.map(post, range(POSTERS)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[201] == 1 and set(statuses) <= {200, 201, 409}
    held = service.get(service.url("referrals", "contended")).json()
    assert held["record"]["recorded_at"] == at(POSTERS - 1)
    assert held["version"] == statuses[200] + 1


def test_one_that_is_refused_spoils_nobody_elses(service: Service) -> None:
    """Whoever shares a transaction with a record of another version than asked, or of an unknown one, is not undone."""

    def post(number: int) -> int:
        record = changed("referrals", {"recorded_at": at(number)})
        headers = {"If_Match": '"7"'} if number % 4 == 0 else {}
        return service.put("referrals", f"beside-{number}", record, **headers).status_code

    with ThreadPoolExecutor(POSTERS) as posters:
        statuses = list(posters.map(post, range(POSTERS)))
    assert statuses == [412 if number % 4 == 0 else 201 for number in range(POSTERS)]


def test_each_of_many_gets_its_own_answer(service: Service) -> None:
    records = [changed("children", {"chi": None, "scn": None, "recorded_at": at(n)}) for n in range(POSTERS)]

    def post(number: int) -> tuple[str, str]:
        answer = service.put("children", f"own-{number}", records[number]).json()
        return answer["child"], answer["sha256"]

    with ThreadPoolExecutor(POSTERS) as posters:
        told = list(posters.map(post, range(POSTERS)))
    held = [service.get(service.url("children", f"own-{number}")).json() for number in range(POSTERS)]
    assert told == [(one["child"], one["sha256"]) for one in held]
    assert len({child for child, _ in told}) == POSTERS
