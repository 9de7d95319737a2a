"""A day's receipt: what went in from a source that day, and which lines were refused, as CSV."""

import csv
import io
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from quality.functions import LONDON
from services.intake.receipts import Receipt, day_receipts
from services.intake.receive import receive_batch
from services.store.batches import BATCH
from services.store.engine import Store
from services.store.receipts import JOURNAL
from services.store.writing import Owner
from tests.conftest import SOURCE, Service
from tests.contract.test_batches import ask, line, post
from tests.contract.test_retractions import REASON, retract
from tests.examples import changed, example

OWNER = Owner("a-source", "S12000038")


def today() -> date:
    return datetime.now(LONDON).date()


def url(day: object = None) -> str:
    return f"/v1/sources/{SOURCE}/receipts/{day or today()}"


def rows(service: Service, day: object = None) -> list[dict[str, str]]:
    answer = service.get(url(day))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert int(answer.headers["content-length"]) == len(answer.content)
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_day_has_what_went_in_and_what_was_refused_in_order(service: Service) -> None:
    put = service.put("referrals", "single", example("referrals")).json()
    lines = [
        line("referrals", "good", example("referrals")),
        "{not json",
        line("referrals", "bad", changed("referrals", {"closed_on": "2025-02-30", "primary_reason": "NEGLET"})),
        line("referrals", "a name, say", example("referrals")),
        line("Mrs Somebody", "x", {}),
    ]
    batch = post(service, "\n".join(lines)).json()["batch"]
    retract(service, "referrals", "single", **REASON)
    found = rows(service)
    told = [(row["batch"], row["line"], row["family"], row["source_id"], row["result"], row["rules"]) for row in found]
    assert told == [
        ("", "", "referrals", "single", "put", ""),
        (batch, "", "referrals", "good", "put", ""),
        (batch, "2", "", "", "rejected", "SH01"),
        (batch, "3", "referrals", "bad", "rejected", "RF03 SH04"),
        (batch, "4", "referrals", "", "rejected", "SH09"),
        (batch, "5", "", "x", "rejected", "SH09"),
        ("", "", "referrals", "single", "retract", ""),
    ]
    assert (found[0]["version"], found[0]["sha256"]) == ("1", put["sha256"])
    assert datetime.fromisoformat(found[0]["recorded_at"]) == datetime.fromisoformat(
        example("referrals")["recorded_at"]
    )


def test_what_was_only_tried_or_undone_did_not_go_in(service: Service) -> None:
    before = rows(service)
    good, bad = line("referrals", "tried", example("referrals")), line("referrals", "undone", {})
    ask(service, "validate=only", good, bad)
    ask(service, "atomic=true", good, bad)
    assert [(row["source_id"], row["result"]) for row in rows(service)[len(before) :]] == [("undone", "rejected")]


def test_a_cell_is_never_a_formula(service: Service) -> None:
    service.put("referrals", "-2+3", example("referrals"))
    service.put("referrals", "-1-1", example("referrals"))
    assert [row["source_id"] for row in rows(service) if row["source_id"].endswith("-1")] == ["'-1-1"]


def test_a_day_begins_and_ends_at_midnight_in_scotland(store: Store) -> None:
    for name in ("before", "first", "last", "after"):
        receive_batch(store, OWNER, line("referrals", name, example("referrals")).encode())
        receive_batch(store, OWNER, line("referrals", name, {}).encode())
    at = {
        "before": "2025-06-14T22:59:59.999999+00:00",
        "first": "2025-06-14T23:00:00+00:00",
        "last": "2025-06-15T22:59:59.999999+00:00",
        "after": "2025-06-15T23:00:00+00:00",
    }
    with Store(store.engine.url.render_as_string(hide_password=False), role=None).writing() as connection:
        for name, instant in at.items():
            moment = datetime.fromisoformat(instant)
            connection.execute(update(JOURNAL).where(JOURNAL.c.source_id == name).values(received_at=moment))
            of_line = BATCH.c.results.like(f'%"{name}"%')
            connection.execute(update(BATCH).where(of_line).values(received_at=moment))
    with store.reading() as connection:
        found = [(one.source_id, one.result) for one in day_receipts(connection, OWNER, date(2025, 6, 15))]
    assert found == [("first", "put"), ("first", "rejected"), ("last", "put"), ("last", "rejected")]


def test_a_day_on_which_nothing_came_has_its_heading(service: Service) -> None:
    assert service.get(url(today() + timedelta(days=2))).text == ",".join(Receipt._fields) + "\r\n"


@pytest.mark.parametrize("day", ["today", "20250615", "2025-W01-1", "2025-02-30", "9999-12-31", "2025-6-1"])
def test_what_is_no_day_is_refused(service: Service, day: str) -> None:
    assert service.get(url(day)).status_code == 400


def test_a_receipt_is_for_the_agency_that_sent(service: Service) -> None:
    assert service.http.get(url(), headers=service.headers(service.stranger)).status_code == 404
    unscoped = {"Authorization": f"Bearer {service.token(scope='records.write')}"}
    assert service.http.get(url(), headers=unscoped).status_code == 403
    assert service.http.get(url()).status_code == 401
