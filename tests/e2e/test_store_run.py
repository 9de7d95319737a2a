"""A quality run over a store: what records said before, figures of an agency, records of before a source was live."""

import json
from datetime import date
from typing import Any

import pytest

from services.access.credentials import add_source
from services.access.scopes import DEFAULT_SCOPES
from services.inspection.store_run import run_over_store
from services.store.engine import Store
from tests.conftest import AGENCY, SOURCE, Service
from tests.examples import changed

NAMELESS: dict[str, Any] = {"chi": None, "scn": None, "siblings": None}


def found(service: Service) -> set[tuple[str, str, str]]:
    """(rule, source_id, severity) of every finding open after a run."""
    assert run_over_store(service.settings.store_url).run.crashed == []
    items = service.get("/v1/quality/findings?limit=1000").json()["items"]
    return {(one["rule"], one["source_id"], one["severity"]) for one in items}


def put(service: Service, segment: str, source_id: str, family: str, **changes: Any) -> None:
    answer = service.put(segment, source_id, changed(family, changes))
    assert answer.status_code in (200, 201), answer.text


def test_a_birth_date_that_changed_is_found_and_one_that_became_known_is_not(service: Service) -> None:
    unborn = NAMELESS | {"date_of_birth": None, "expected_date_of_birth": "2015-01-03", "sex": "unborn"}
    put(service, "children", "changed", "children", **NAMELESS, recorded_at="2025-01-01T09:00:00Z")
    put(service, "children", "changed", "children", **NAMELESS, date_of_birth="2015-01-02")
    put(service, "children", "born", "children", **unborn, recorded_at="2024-01-01T09:00:00Z")
    put(service, "children", "born", "children", **NAMELESS)
    assert {one for one in found(service) if one[0] == "ID17"} == {("ID17", "changed", "error")}


def test_a_main_reason_that_changed_is_found_and_one_that_became_known_is_not(service: Service) -> None:
    for source_id, first in (("reason-changed", "R-NEG"), ("reason-known", "RX-NYK")):
        early = {"primary_reason": first, "recorded_at": "2024-05-06T09:00:00Z"}
        put(service, "care-episodes", source_id, "care_episodes", child="changed", **early)
        put(service, "care-episodes", source_id, "care_episodes", child="changed")
    assert {one for one in found(service) if one[0] == "LA08"} == {("LA08", "reason-changed", "error")}


def test_a_figure_is_a_finding_of_the_agency_and_closes_when_the_records_are_better(service: Service) -> None:
    for scn in (None, "180669078"):
        when = f"2025-0{4 if scn else 3}-04T10:15:00Z"
        lines = [
            {
                "family": "children",
                "source_id": f"pupil-{number}",
                "record": changed("children", NAMELESS | {"scn": scn, "recorded_at": when}),
            }
            for number in range(20)
        ]
        post(service, lines)
        told = {one for one in found(service) if one[0] == "ID15"}
        assert told == (set() if scn else {("ID15", "", "query")})


def post(service: Service, lines: list[dict[str, Any]]) -> None:
    body = "".join(json.dumps(line) + "\n" for line in lines)
    headers = service.headers(None, Content_Type="application/x-ndjson")
    answer = service.http.post(f"/v1/sources/{SOURCE}/batches", content=body, headers=headers)
    assert answer.json()["counts"]["rejected"] == 0, answer.text


@pytest.mark.parametrize(
    ("source", "live_from", "severity"), [("old", date(2025, 3, 5), "info"), ("new", None, "error")]
)
def test_a_record_of_before_its_source_went_live_is_told_of_for_information(
    service: Service, source: str, live_from: date | None, severity: str
) -> None:
    store = Store(service.settings.store_url)
    client = add_source(store, source, AGENCY, DEFAULT_SCOPES, live_from)
    store.close()
    wrong = changed("children", NAMELESS | {"scn": "180669079", "recorded_at": "2025-03-04T10:15:00Z"})
    service.http.put(f"/v1/sources/{source}/children/{source}-child", json=wrong, headers=service.headers(client))
    assert ("ID02", f"{source}-child", severity) in found(service)
