"""Following the changes feed over HTTP: it rebuilds what is held and who is linked to whom."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import httpx

from tests.conftest import SOURCE, Service
from tests.examples import changed

ITEM = {"seq", "type", "family", "source", "source_id", "child", "previous_child"}
CHILDREN = [f"c-{number}" for number in range(6)]
REFERRALS = [f"r-{number}" for number in range(6)]
IDENTITIES: tuple[Mapping[str, Any], ...] = (
    {"chi": "1502123436", "date_of_birth": "2012-02-15", "scn": None},
    {"chi": None, "scn": None},
    {"chi": None, "scn": None},
)

Headers = Mapping[str, str]


def follow(service: Service, headers: Headers, after: int = 0, limit: int = 1000) -> Iterator[dict[str, Any]]:
    """Every entry after that number, page after page."""
    going_on: int | None = after
    while going_on is not None:
        answer = service.http.get("/v1/changes", params={"after": going_on, "limit": limit}, headers=headers)
        assert answer.status_code == 200, answer.text
        yield from answer.json()["items"]
        going_on = answer.json()["next"]


def test_an_entry_says_what_changed(service: Service) -> None:
    child = service.put("children", "said", changed("children", {})).json()["child"]
    service.put("referrals", "said", changed("referrals", {"child": "said"}))
    service.put("referrals", "said", changed("referrals", {"child": "said"}))
    entries = list(follow(service, service.headers()))
    assert [set(entry) for entry in entries] == [ITEM] * 2
    assert [entry["seq"] for entry in entries] == [1, 2]
    assert [(entry["type"], entry["family"], entry["child"]) for entry in entries] == [
        ("put", "children", child),
        ("put", "referrals", child),
    ]
    assert all(entry["source"] == SOURCE and entry["source_id"] == "said" for entry in entries)


def at_random(service: Service, headers: Headers, random: Random, minute: int) -> httpx.Response:
    """One thing that a source may do, at about that minute."""
    minute += random.randrange(20)
    recorded_at = f"2025-04-01T{minute // 60 + 9:02}:{minute % 60:02}:{random.randrange(60):02}Z"
    kind = random.choice(("child", "referral", "retract", "merge"))
    if kind == "child":
        record = changed("children", {"recorded_at": recorded_at, **random.choice(IDENTITIES)})
        return service.http.put(service.url("children", random.choice(CHILDREN)), json=record, headers=headers)
    if kind == "referral":
        record = changed("referrals", {"recorded_at": recorded_at, "child": random.choice(CHILDREN)})
        return service.http.put(service.url("referrals", random.choice(REFERRALS)), json=record, headers=headers)
    said = {"reason": "entered-in-error"}
    address = service.url(*random.choice([*(("children", one) for one in CHILDREN), ("referrals", REFERRALS[0])]))
    if kind == "merge":
        said = {"reason": "merged", "replaced_by": random.choice(CHILDREN)}
    said |= {"recorded_at": recorded_at}
    return service.http.post(f"{address}/retractions", json=said, headers=headers)


def test_replaying_from_the_start_rebuilds_the_current_state(service: Service) -> None:
    headers, random = service.headers(None, Content_Type="application/json"), Random(7)  # noqa: S311
    statuses = {at_random(service, headers, random, number).status_code for number in range(120)}
    assert statuses >= {200, 201, 404, 409}
    held: dict[tuple[str, str], bool] = {}
    linked: dict[str, str | None] = {}
    types = set()
    for entry in follow(service, headers, limit=11):
        types.add(entry["type"])
        if entry["type"] in ("put", "retract"):
            held[entry["family"], entry["source_id"]] = entry["type"] == "put"
        if entry["family"] == "children":
            linked[entry["source_id"]] = entry["child"]
    assert types >= {"put", "retract", "link"}
    for family, ids in (("children", CHILDREN), ("referrals", REFERRALS)):
        for one in ids:
            answer = service.http.get(service.url(family, one), headers=headers)
            expected = {None: 404, False: 410, True: 200}[held.get((family, one))]
            assert answer.status_code == expected, (family, one)
            if expected == 200:
                own_id = one if family == "children" else answer.json()["record"]["child"]
                assert answer.json()["child"] == linked.get(own_id), (family, one)
    assert any(held["children", one] is False and linked[one] for one in CHILDREN if ("children", one) in held)


def test_pages_stay_as_they_are_while_records_arrive(service: Service) -> None:
    headers = service.headers(None, Content_Type="application/json")
    plan = changed("plans", {"child": "x"})
    for number in range(9):
        service.http.put(service.url("plans", f"before-{number}"), json=plan, headers=headers)
    told = list(follow(service, headers))
    seen: list[dict[str, Any]] = []
    pages = follow(service, headers, limit=4)
    for number in range(6):
        seen += [next(pages) for _ in range(4)]
        service.http.put(service.url("plans", f"during-{number}"), json=plan, headers=headers)
    seen += list(pages)
    assert seen[: len(told)] == told
    assert seen == list(follow(service, headers))
    assert [one["source_id"] for one in seen[len(told) :]] == [f"during-{number}" for number in range(6)]


def test_the_end_of_the_feed_says_so(service: Service) -> None:
    headers = service.headers()
    service.put("referrals", "last", changed("referrals", {"child": "x"}))
    last = list(follow(service, headers))[-1]["seq"]
    for after in (last, 10**18 - 1):
        assert service.get(f"/v1/changes?after={after}").json() == {"items": [], "next": None}
    assert service.get("/v1/changes?limit=1001").status_code == 400


def test_another_agency_sees_none_of_it(service: Service) -> None:
    service.put("children", "ours", changed("children", {}))
    assert list(follow(service, service.headers(service.stranger))) == []


def test_following_needs_its_scope(service: Service) -> None:
    unscoped = {"Authorization": f"Bearer {service.token(scope='records.read')}"}
    assert service.http.get("/v1/changes", headers=unscoped).status_code == 403
    assert service.http.get("/v1/changes").status_code == 401
