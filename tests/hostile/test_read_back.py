"""Whatever was accepted can be read by others, tested, and released: nothing stored breaks a reader."""

import json
from collections.abc import Iterator

import pytest

from schemas.registry import FAMILIES
from services.access import credentials
from services.access.scopes import DEFAULT_SCOPES
from services.extracts.build import build
from services.extracts.verify import verify
from services.inspection.store_run import run_over_store
from services.settings import Settings
from services.store.engine import Store
from tests.conftest import AGENCY, SOURCE, Service, serving
from tests.examples import changed
from tests.hostile.bodies import FREE_TEXT, STRANGE_TEXTS, bodies

COLLEAGUE = "renfrewshire-education"
FIRST_DAY, LAST_DAY = "1900-01-01", "2199-12-31"


@pytest.fixture
def running(settings: Settings) -> Iterator[Service]:
    with serving(settings) as found:
        yield found


def lines() -> Iterator[bytes]:
    """Lines of a batch: hostile records, strange texts and the extremes of time, of every family."""
    for family in FAMILIES:
        around = b'{"family":"%b","source_id":"%b","record":%b}'
        plain = changed(family.name, {"chi": None, "scn": None})
        made = [body for _, body in bodies(family.name, plain) if b"\n" not in body and len(body) < 50_000]
        days = [name for name in plain if name.endswith(("_on", "_of_birth"))]
        made += [json.dumps(plain | {FREE_TEXT[family.name]: text}).encode() for text in STRANGE_TEXTS.values()]
        made += [json.dumps(plain | dict.fromkeys(days, day)).encode() for day in (FIRST_DAY, LAST_DAY)]
        for number, body in enumerate(made):
            yield around % (family.name.encode(), b"%b-%d" % (family.name.encode(), number), body)


def test_what_was_accepted_is_read_tested_and_released(running: Service) -> None:
    store = Store(running.settings.store_url)
    colleague = credentials.add_source(store, COLLEAGUE, AGENCY, DEFAULT_SCOPES)
    store.close()
    kept = accepted(running)
    assert len(kept) > 6 * len(STRANGE_TEXTS)
    headers = running.headers(colleague)
    urls = [running.url(family.replace("_", "-"), source_id) for family, source_id in kept]
    for url in [*urls, *(f"{url}/versions" for url in urls[::10])]:
        assert running.http.get(url, headers=headers).status_code == 200, url
    run = run_over_store(running.settings.store_url)
    assert run.run.crashed == []
    assert running.http.get("/v1/quality/findings?limit=1000", headers=headers).json()["items"]
    assert verify(build(running.settings).folder) == []


def accepted(running: Service) -> list[tuple[str, str]]:
    """Post them all; the family and source_id of each that was kept."""
    headers = running.headers(None, Content_Type="application/x-ndjson")
    answer = running.http.post(f"/v1/sources/{SOURCE}/batches", content=b"\n".join(lines()), headers=headers)
    assert answer.status_code == 200, answer.text
    results = [json.loads(one) for one in running.get(answer.json()["results_url"]).text.splitlines()]
    assert {one["result"] for one in results} == {"created", "rejected"}
    return [(one["family"], one["source_id"]) for one in results if one["result"] == "created"]
