"""What the source of an erased record is told."""

from datetime import UTC, datetime

from services.intake import erasing
from services.store.engine import Store
from services.store.erasure import Order
from services.store.writing import Key
from tests.conftest import AGENCY, SOURCE, Service
from tests.examples import changed


def erased(service: Service, source_id: str) -> None:
    """Post a record and have it erased."""
    assert service.put("referrals", source_id, changed("referrals", {})).status_code == 201
    store = Store(service.settings.store_url)
    erasing.erase(store, [Key(AGENCY, SOURCE, "referrals", source_id)], Order("unlawful", "w-1"))
    store.close()


def test_reads_of_an_erased_record_and_of_its_versions_answer_410(service: Service) -> None:
    erased(service, "gone-1")
    for path in ("", "/versions/1"):
        answer = service.get(f"{service.url('referrals', 'gone-1')}{path}")
        assert (answer.status_code, answer.json()["type"]) == (410, "/problems/erased")
    (version,) = service.get(f"{service.url('referrals', 'gone-1')}/versions").json()["items"]
    assert set(version) == {"version", "op", "recorded_at", "received_at", "sha256"}


def test_a_record_sent_again_is_refused_and_the_source_is_told_why(service: Service) -> None:
    erased(service, "gone-2")
    answer = service.put("referrals", "gone-2", changed("referrals", {}))
    assert (answer.status_code, answer.json()["retryable"]) == (410, False)
    assert "erased" in answer.json()["title"]


def test_a_retraction_of_what_was_erased_has_nothing_to_do(service: Service) -> None:
    erased(service, "gone-3")
    url = f"{service.url('referrals', 'gone-3')}/retractions"
    answer = service.http.post(url, json={"reason": "entered-in-error"}, headers=service.headers())
    assert (answer.status_code, answer.headers["Kith-Result"]) == (200, "unchanged")


def test_what_is_recorded_after_the_erasure_is_taken_as_a_new_version(service: Service) -> None:
    erased(service, "gone-4")
    record = changed("referrals", {"recorded_at": datetime.now(UTC).isoformat()})
    answer = service.put("referrals", "gone-4", record)
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert service.get(service.url("referrals", "gone-4")).json()["record"] == record
    assert service.get(f"{service.url('referrals', 'gone-4')}/versions/1").status_code == 410
