"""A batch under an Idempotency-Key is applied once, however often it is sent; reports are kept for a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from services.intake.receive import receive_batch
from services.intake.repeats import Asked, first_answer
from services.store.batches import BATCH
from services.store.engine import Store
from services.store.idempotency import KEY
from services.store.tables import Journal
from services.store.writing import Owner
from tests.conftest import SOURCE, Service, wait_until
from tests.contract.test_batches import URL, line, post, results
from tests.examples import changed
from tests.unit.test_writing import waits_for_a_lock

OWNER = Owner("another-source", "S12000038")


def referral(source_id: str, **changes: Any) -> str:
    return line("referrals", source_id, changed("referrals", changes))


def ask(service: Service, key: str, body: str, question: str = "") -> httpx.Response:
    headers = service.headers(None, Content_Type="application/x-ndjson", Idempotency_Key=key)
    return service.http.post(f"{URL}{question}", content=body, headers=headers)


def test_a_repeat_gets_the_first_report(service: Service) -> None:
    body = referral("first")
    answers = [ask(service, "key-1", body) for _ in range(3)]
    assert [answer.json() for answer in answers] == [answers[0].json()] * 3
    assert answers[0].json()["counts"]["created"] == 1
    assert post(service, body).json()["counts"]["unchanged"] == 1


def test_a_repeat_of_a_refused_batch_is_refused_alike(service: Service) -> None:
    body = referral("good") + "\n" + line("referrals", "bad", {})
    first, again = (ask(service, "key-atomic", body, "?atomic=true") for _ in range(2))
    assert (first.status_code, again.status_code) == (422, 422)
    assert {**first.json(), "instance": ""} == {**again.json(), "instance": ""}
    assert [one["result"] for one in results(service, again)] == ["created", "rejected"]


def test_another_batch_under_the_key_is_refused(service: Service) -> None:
    ask(service, "key-2", referral("one"))
    for body, question in (
        (referral("two"), ""),
        (referral("one"), "?validate=only"),
        (referral("one"), "?atomic=true"),
    ):
        answer = ask(service, "key-2", body, question)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert service.get(service.url("referrals", "two")).status_code == 404


def test_a_key_is_the_sources_own(service: Service) -> None:
    mine = ask(service, "key-3", referral("mine"))
    headers = service.headers(service.stranger, Content_Type="application/x-ndjson", Idempotency_Key="key-3")
    theirs = service.http.post(URL.replace(SOURCE, "glasgow-city-social-work"), content=referral("x"), headers=headers)
    assert (mine.status_code, theirs.status_code) == (200, 200)


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "caf\u00e9".encode()])
def test_a_key_that_is_none_is_refused(service: Service, key: str | bytes) -> None:
    headers = service.headers(None, Content_Type="application/x-ndjson")
    keyed: Any = [*headers.items(), ("Idempotency-Key", key)]
    assert service.http.post(URL, content=referral("never"), headers=keyed).status_code == 400
    assert ask(service, "~" * 255, referral("longest")).status_code == 200


def test_a_key_sent_twice_is_refused(service: Service) -> None:
    headers = service.headers(None, Content_Type="application/x-ndjson")
    keyed = [*headers.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert service.http.post(URL, content=referral("never"), headers=keyed).status_code == 400


def test_of_many_at_once_one_is_applied_and_all_get_its_report(service: Service) -> None:
    body, headers = referral("at-once"), service.headers(None, Content_Type="application/x-ndjson")

    def send(number: int) -> str:
        return httpx.post(
            f"{service.http.base_url}{URL}", content=body, headers=headers | {"Idempotency-Key": "race"}, timeout=60
        ).text

    with ThreadPoolExecutor(8) as senders:
        (answer,) = set(senders.map(send, range(8)))
    assert '"created":1' in answer


def test_the_second_waits_for_the_first_and_applies_where_that_was_undone(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    asked = Asked(referral("r").encode(), False, False, "key")
    with ThreadPoolExecutor(1) as waiting:
        with store.writing(undo=True) as connection:
            assert first_answer(connection, OWNER, asked, "a-batch") is None
            second = waiting.submit(receive_batch, store, OWNER, asked.body, key="key")
            wait_until(lambda: waits_for_a_lock(store))
        assert second.result().counts["created"] == 1


def pass_days(store: Store, days: int) -> None:
    """Let what is kept for a time be that much older."""
    with store.writing() as connection:
        for held in (BATCH, KEY):
            for row in connection.execute(select(held)).all():
                own = [column == getattr(row, column.name) for column in held.primary_key]
                connection.execute(update(held).where(*own).values(kept_until=row.kept_until - timedelta(days=days)))


def held(store: Store) -> tuple[int, int]:
    """How many batches and keys the store has."""
    with store.reading() as connection:
        count = select(func.count())
        batches, keys = (connection.execute(count.select_from(each)).scalar_one() for each in (BATCH, KEY))
        return batches, keys


def test_a_key_may_be_used_anew_after_seven_days(store: Store) -> None:
    first = receive_batch(store, OWNER, referral("r").encode(), key="key")
    pass_days(store, 6)
    assert receive_batch(store, OWNER, referral("r").encode(), key="key") == first
    pass_days(store, 1)
    anew = receive_batch(store, OWNER, referral("s").encode(), key="key")
    assert (anew.batch != first.batch, anew.counts["created"]) == (True, 1)
    assert receive_batch(store, OWNER, referral("s").encode(), key="key") == anew


def test_what_was_kept_long_enough_goes_as_the_next_batch_comes(store: Store) -> None:
    receive_batch(store, OWNER, referral("r").encode(), key="old")
    receive_batch(store, OWNER, referral("r").encode(), validate_only=True, key="tried")
    pass_days(store, 2)
    receive_batch(store, OWNER, referral("r").encode())
    assert held(store) == (2, 1)
    pass_days(store, 88)
    receive_batch(store, OWNER, referral("r").encode())
    assert held(store) == (2, 0)
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(Journal)).scalar_one() == 1


def test_a_report_is_kept_ninety_days_and_a_trials_one(service: Service) -> None:
    kept = post(service, referral("kept")).json()["results_url"]
    tried = ask(service, "tried", referral("kept"), "?validate=only").json()["results_url"]
    statuses = []
    store = Store(service.settings.store_url)
    for days in (0, 1, 88, 1):
        pass_days(store, days)
        statuses.append((service.get(kept).status_code, service.get(tried).status_code))
    store.close()
    assert statuses == [(200, 200), (200, 404), (200, 404), (404, 404)]
