"""Batches of NDJSON: a bad line costs only itself."""

import hashlib
import json
from typing import Any

import httpx
import pytest
import rfc8785

from services.intake import lines
from services.intake.strict_json import parse
from services.store.writing import VERSIONS_KNOWN
from tests.conftest import SOURCE, Service
from tests.examples import changed, example

URL = f"/v1/sources/{SOURCE}/batches"


def line(family: str, source_id: str, record: Any) -> str:
    return json.dumps({"family": family, "source_id": source_id, "record": record})


def post(service: Service, body: str | bytes, **headers: str) -> httpx.Response:
    headers = {"Content_Type": "application/x-ndjson"} | headers
    return service.http.post(URL, content=body, headers=service.headers(None, **headers))


def results(service: Service, answer: httpx.Response) -> list[dict[str, Any]]:
    text = service.get(answer.json()["results_url"]).text
    return [json.loads(one) for one in text.splitlines()]


def test_every_line_has_its_result_in_order_and_good_lines_are_kept(service: Service) -> None:
    lines = [
        line("children", "b-1", example("children")),
        "{not json",
        line("referrals", "b-2", changed("referrals", {"child": "b-1", "primary_reason": "NEGLET"})),
        line("referrals", "b-3", changed("referrals", {"child": "b-1", "closed_on": "2025-02-30"})),
        line("referrals", "b-4", changed("referrals", {"child": "b-1", "nonsense": 1})),
        line("nonsense", "b-5", {}),
        line("referrals", "b-6", changed("referrals", {"child": "b-1"})),
    ]
    answer = post(service, "\n".join(lines))
    assert answer.status_code == 200, answer.text
    assert answer.json()["counts"] == {
        "created": 2,
        "replaced": 0,
        "unchanged": 0,
        "stale": 0,
        "retracted": 0,
        "rejected": 5,
    }
    found = results(service, answer)
    assert [one["line"] for one in found] == list(range(1, 8))
    assert [one["result"] for one in found] == ["created", *["rejected"] * 5, "created"]
    rules = [[error["rule"] for error in one["errors"]] for one in found[1:6]]
    assert rules == [["SH01"], ["RF03"], ["SH04"], ["SH03"], ["SH09"]]
    assert all(error["hint"] and "pointer" in error for one in found for error in one["errors"])
    assert found[0]["child"] == found[6]["child"] is not None
    assert [service.get(service.url("referrals", i)).status_code for i in ("b-2", "b-3", "b-6")] == [404, 404, 200]


def test_lines_of_one_key_apply_in_order(service: Service) -> None:
    days = ("2025-04-01", "2025-04-03", "2025-04-02")
    records = [changed("referrals", {"recorded_at": f"{day}T09:00:00Z", "child": "c"}) for day in days]
    answer = post(service, "".join(line("referrals", "same-key", record) + "\n" for record in records))
    assert [one["result"] for one in results(service, answer)] == ["created", "replaced", "stale"]
    assert service.get(service.url("referrals", "same-key")).json()["version"] == 2


def test_a_content_that_gave_way_within_the_batch_is_stale(service: Service) -> None:
    one, other = (changed("referrals", {"summary": text}) for text in ("One.", "Another."))
    answer = post(service, "\n".join(line("referrals", "tied", record) for record in (one, other, one)))
    assert [found["result"] for found in results(service, answer)] == ["created", "replaced", "stale"]


def ask(service: Service, question: str, *lines: str) -> httpx.Response:
    headers = service.headers(None, Content_Type="application/x-ndjson")
    return service.http.post(f"{URL}?{question}", content="\n".join(lines), headers=headers)


def test_an_atomic_batch_with_a_bad_line_keeps_nothing_but_its_report(service: Service) -> None:
    good, bad = line("referrals", "atomic", example("referrals")), line("referrals", "bad", {})
    answer = ask(service, "atomic=true", good, bad)
    assert (answer.status_code, answer.json()["counts"]["rejected"]) == (422, 1)
    assert [one["result"] for one in results(service, answer)] == ["created", "rejected"]
    assert service.get(service.url("referrals", "atomic")).status_code == 404
    assert ask(service, "atomic=true", good).status_code == 200
    assert service.get(service.url("referrals", "atomic")).status_code == 200


def test_validating_says_what_would_become_of_it_and_keeps_nothing(service: Service) -> None:
    good = line("children", "tried", example("children"))
    answer = ask(service, "validate=only", good, line("referrals", "tried", {}))
    assert (answer.json()["counts"]["created"], answer.json()["counts"]["rejected"]) == (1, 1)
    assert len(results(service, answer)) == 2
    put = service.put("children", "tried?validate=only", example("children"))
    assert (put.status_code, put.json()["result"]) == (201, "created")
    assert service.get(service.url("children", "tried")).status_code == 404
    assert ask(service, "validate=yes", good).status_code == 400


def test_a_batch_again_changes_nothing(service: Service) -> None:
    body = line("referrals", "night", example("referrals"))
    post(service, body)
    assert post(service, body).json()["counts"]["unchanged"] == 1


def test_results_are_for_the_source_that_posted(service: Service) -> None:
    url = post(service, line("referrals", "mine", example("referrals"))).json()["results_url"]
    assert service.http.get(url, headers=service.headers(service.stranger)).status_code == 404


def test_a_batch_over_the_limits_is_refused_whole(service: Service) -> None:
    body = line("referrals", "too-many", example("referrals")) + "\n" + "{}\n" * 10_000
    assert post(service, body).status_code == 413
    assert service.get(service.url("referrals", "too-many")).status_code == 404
    assert post(service, b" " * (32 * 1024 * 1024 + 1)).status_code == 413


def test_a_parameter_that_is_not_taken_is_refused_rather_than_ignored(service: Service) -> None:
    body = line("referrals", "validated", example("referrals"))
    answer = service.http.post(
        f"{URL}?nonsense=1", content=body, headers=service.headers(Content_Type="application/x-ndjson")
    )
    assert answer.status_code == 400
    assert service.get(service.url("referrals", "validated")).status_code == 404


def test_a_night_posted_again_is_told_what_is_held(service: Service) -> None:
    lines = [
        line("children", "again-1", changed("children", {"chi": None, "scn": None})),
        line("referrals", "again-2", changed("referrals", {"child": "again-1"})),
    ]
    first = results(service, post(service, "\n".join(lines)))
    answer = post(service, "\n".join(lines))
    assert answer.json()["counts"]["unchanged"] == 2
    names = ("line", "family", "source_id", "version", "sha256", "child", "errors")
    again = results(service, answer)
    assert [[one[name] for name in names] for one in again] == [[one[name] for name in names] for one in first]
    assert first[0]["child"] is not None


def test_a_history_posted_again_is_told_what_is_held_without_being_read(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two versions of one record: the one that gave way is older than held, the other is held."""
    record = changed("children", {"chi": None, "scn": None})
    history = [line("children", "history", record | {"recorded_at": f"2025-04-0{day}T09:00Z"}) for day in (1, 2)]
    (_, held) = results(service, post(service, "\n".join(history)))
    with monkeypatch.context() as patched:
        patched.setattr(lines, "parse", None)
        again = results(service, post(service, "\n".join(history)))
    assert [one["result"] for one in again] == ["stale", "unchanged"]
    for one in again:
        assert [one[name] for name in ("version", "sha256", "child")] == [2, held["sha256"], held["child"]]
    newest = line("children", "history", record | {"recorded_at": "2025-04-03T09:00Z"})
    among = results(service, post(service, "\n".join([history[1], newest, *history])))
    assert [one["result"] for one in among] == ["unchanged", "replaced", "stale", "stale"]


def test_an_earlier_version_is_told_the_child_that_it_was_about(service: Service) -> None:
    for child in ("was", "is"):
        post(service, line("children", child, changed("children", {"chi": None, "scn": None})))
    history = [
        line("referrals", "moved", changed("referrals", {"child": child, "recorded_at": f"2025-04-0{day}T09:00Z"}))
        for day, child in enumerate(("was", "is"), 1)
    ]
    first = results(service, post(service, "\n".join(history)))
    again = results(service, post(service, "\n".join(history)))
    assert [one["result"] for one in again] == ["stale", "unchanged"]
    assert [one["child"] for one in again] == [one["child"] for one in first]
    assert first[0]["child"] != first[1]["child"]


def test_of_a_long_history_the_newest_versions_are_known_and_the_others_read(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = range(1, VERSIONS_KNOWN + 4)
    history = [line("plans", "long", changed("plans", {"recorded_at": f"2025-04-{day:02}T09:00Z"})) for day in days]
    post(service, "\n".join(history))
    read: list[bytes] = []

    def parsed(text: bytes) -> Any:
        read.append(text)
        return parse(text)

    monkeypatch.setattr(lines, "parse", parsed)
    for known, count in ((history[-VERSIONS_KNOWN:], 0), (history[:1], 1)):
        again = results(service, post(service, "\n".join(known)))
        assert [one["result"] for one in again[:-1]] == ["stale"] * (len(known) - 1)
        assert {one["version"] for one in again} == {len(days)}
        assert len(read) == count
    whole = results(service, post(service, "\n".join(history)))
    assert [one["result"] for one in whole] == ["stale"] * (len(days) - 1) + ["unchanged"]


def test_what_is_held_and_comes_again_beside_something_newer_keeps_its_place(service: Service) -> None:
    """The line that repeats what is held comes after a later version: it is then older than held."""
    old, new = (
        line("referrals", "beside", changed("referrals", {"recorded_at": f"2025-04-0{n}T09:00Z"})) for n in (1, 2)
    )
    post(service, old)
    assert [one["result"] for one in results(service, post(service, f"{new}\n{old}"))] == ["replaced", "stale"]


@pytest.mark.parametrize("written", [{"sort_keys": True}, {"separators": (",", ":")}, {"indent": None}])
def test_a_line_written_another_way_says_the_same(service: Service, written: dict[str, Any]) -> None:
    told: dict[str, Any] = {"family": "referrals", "source_id": "rewritten", "record": example("referrals")}
    for again in (written, {}, written, {"separators": (", ", ":")}):
        answer = post(service, json.dumps(told, **again))
        assert results(service, answer)[0]["sha256"] == hashlib.sha256(rfc8785.dumps(told["record"])).hexdigest()
    assert answer.json()["counts"]["unchanged"] == 1


def test_a_line_whose_record_was_put_anew_since_is_read_again(service: Service) -> None:
    told = [changed("referrals", {"recorded_at": f"2025-04-0{day}T09:00Z"}) for day in (1, 2)]
    old, newer = (line("referrals", "put-since", record) for record in told)
    post(service, old)
    service.put("referrals", "put-since", told[1])
    assert results(service, post(service, old))[0]["result"] == "stale"
    assert results(service, post(service, newer))[0]["result"] == "unchanged"


def test_what_was_retracted_is_not_held_whatever_it_says(service: Service) -> None:
    put = line("referrals", "back", changed("referrals", {"recorded_at": "2025-04-01T09:00Z"}))
    taken_back = {"family": "referrals", "source_id": "back", "retract": {"reason": "withdrawn"}}
    post(service, f"{put}\n{json.dumps(taken_back)}")
    assert results(service, post(service, put))[0]["result"] == "stale"
