"""Whatever the order of arrival, however often and in whatever batches: one set of versions ends in one state."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from schemas.registry import BY_NAME
from services.intake.receive import receive_batch
from services.intake.singles import read_record, read_retraction, take_together
from services.store import batches, digests
from services.store.engine import Store
from services.store.writing import Owner, Result
from tests.examples import changed

REFERRALS = BY_NAME["referrals"]
KEYS = ("a", "b", "c")
NUMBERS = count()
NINE = datetime(2025, 4, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Version:
    """A put or a retraction of a key, recorded at a minute that each writes in an offset of its own."""

    key: str
    minute: int
    is_put: bool

    @property
    def body(self) -> dict[str, Any]:
        offset = timedelta(hours=self.minute * 5 % 13 - 6)
        recorded_at = (NINE + timedelta(minutes=self.minute)).astimezone(timezone(offset)).isoformat()
        if self.is_put:
            return changed("referrals", {"recorded_at": recorded_at, "child": "nobody"})
        return {"reason": "withdrawn", "recorded_at": recorded_at}

    @property
    def line(self) -> str:
        member = "record" if self.is_put else "retract"
        return json.dumps({"family": "referrals", "source_id": self.key, member: self.body})


@st.composite
def versions(draw: st.DrawFn) -> list[Version]:
    """Versions of a few keys, of each key at distinct minutes."""
    minutes = st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 12)), min_size=1, max_size=10, unique=True)
    return [Version(key, minute, draw(st.integers(0, 2)) > 0) for key, minute in draw(minutes)]


@st.composite
def arrivals(draw: st.DrawFn, sent: Sequence[Version]) -> list[list[Version]]:
    """All of them in any order, some several times, singly or in batches."""
    again = draw(st.lists(st.sampled_from(sent), max_size=4))
    order = draw(st.permutations([*sent, *again]))
    ends = sorted(draw(st.sets(st.integers(1, len(order)), max_size=4)) | {len(order)})
    return [list(order[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def take(store: Store, owner: Owner, arrived: Sequence[Version]) -> Iterator[Version]:
    """Take what arrived; those are handed back that were refused: retractions of what was never held."""
    if len(arrived) == 1:
        (one,) = arrived
        read = read_record if one.is_put else read_retraction
        (taken,) = take_together(store, [read(owner, REFERRALS, one.key, json.dumps(one.body).encode())])
        yield from arrived if taken.outcome.result is Result.UNKNOWN else []
        return
    answered = receive_batch(store, owner, "\n".join(one.line for one in arrived).encode())
    with store.reading() as connection:
        results = (batches.results(connection, owner, answered.batch) or "").splitlines()
    yield from (one for one, told in zip(arrived, results, strict=True) if json.loads(told)["result"] == "rejected")


def state(store: Store, owner: Owner) -> tuple[dict[str, str], str]:
    """What is held, and its digest."""
    with store.reading() as connection:
        held = dict(digests.held(connection, owner, "referrals"))
        return held, digests.digest(connection, owner, "referrals").digest


def expected(store: Store, sent: Sequence[Version]) -> dict[str, str]:
    """What the contract says is held: of each key the latest, where it is a put."""
    latest = {one.key: one for one in sorted(sent, key=lambda one: one.minute)}
    once_held = {one.key for one in sent if one.is_put}
    puts = {key: one for key, one in latest.items() if one.is_put and key in once_held}
    return {
        key: read_record(Owner("x", "x"), REFERRALS, key, json.dumps(one.body).encode()).sent.change.sha256
        for key, one in puts.items()
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_state_does_not_depend_on_the_order_of_arrival(store: Store, data: st.DataObject) -> None:
    """A retraction that came before anything was held is refused (404): its sender sends it again."""
    sent = data.draw(versions())
    owner = Owner(f"source-{next(NUMBERS)}", "S12000038")
    refused = [one for some in data.draw(arrivals(sent)) for one in take(store, owner, some)]
    event(f"refused: {bool(refused)}")
    if refused:
        list(take(store, owner, refused))
    held, digest = state(store, owner)
    assert held == expected(store, sent)
    in_order = Owner(f"source-{next(NUMBERS)}", "S12000038")
    for one in sorted(sent, key=lambda one: one.minute):
        list(take(store, in_order, [one]))
    assert state(store, in_order) == (held, digest)


def put(store: Store, owner: Owner, summary: str, minute: int = 0) -> tuple[str, bool]:
    body = changed("referrals", {"recorded_at": f"2025-04-01T09:{minute:02}:00Z", "summary": summary})
    (taken,) = take_together(store, [read_record(owner, REFERRALS, "tied", json.dumps(body).encode())])
    return taken.outcome.result, taken.outcome.same_instant


def retract(store: Store, owner: Owner, reason: str, minute: int = 0) -> str:
    body = json.dumps(Version("tied", minute, False).body | {"reason": reason}).encode()
    (taken,) = take_together(store, [read_retraction(owner, REFERRALS, "tied", body)])
    return taken.outcome.result


ties = st.lists(st.sampled_from("ABC"), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=ties)
def test_at_one_instant_a_content_wins_while_it_is_new(store: Store, contents: list[str]) -> None:
    owner = Owner(f"source-{next(NUMBERS)}", "S12000038")
    held, seen = "", set[str]()
    for content in contents:
        result = put(store, owner, content)
        if content == held:
            assert result == ("unchanged", False)
        elif content in seen:
            assert result == ("stale", False)
        else:
            assert result == (("replaced", True) if seen else ("created", False))
            held = content
        seen.add(content)


def test_a_retraction_wins_at_the_instant_of_the_record_and_only_a_later_put_revives(store: Store) -> None:
    owner = Owner("a-source", "S12000038")
    assert put(store, owner, "A") == ("created", False)
    assert retract(store, owner, "withdrawn") == "retracted"
    assert [put(store, owner, content)[0] for content in ("A", "B")] == ["stale", "stale"]
    assert [retract(store, owner, reason) for reason in ("withdrawn", "duplicate")] == ["unchanged", "unchanged"]
    assert state(store, owner)[0] == {}
    assert put(store, owner, "A", minute=1) == ("created", False)


def test_a_content_that_gave_way_at_another_instant_is_new_at_this_one(store: Store) -> None:
    owner = Owner("a-source", "S12000038")
    assert [put(store, owner, "A", minute)[0] for minute in (1, 2, 1)] == ["created", "replaced", "stale"]
    assert put(store, owner, "B", 2) == ("replaced", True)
    assert put(store, owner, "A", 2) == ("stale", False)
