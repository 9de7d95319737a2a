"""Others' records are in an agency's feed while it may see them; gaining and losing sight of a child is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, select

from services.access.following import page
from services.access.sight import sight_of
from services.errors import NotFound
from services.store import feed
from services.store.engine import Store
from services.store.feed import Changed
from services.store.links import LINK
from services.store.writing import Owner
from tests.posted import COUNCIL, HEALTH, POLICE, asker, day, post, post_child, retract

Told = tuple[str, str | None, str | None]


def entries(store: Store, owner: Owner, after: int = 0) -> list[Changed]:
    return list(page(store, owner.agency, after, 1000).entries)


def told(store: Store, owner: Owner, after: int = 0) -> list[Told]:
    """Type, source and source_id of what an agency follows after a number."""
    return [(one.type, one.source, one.source_id) for one in entries(store, owner, after)]


def last(store: Store, owner: Owner) -> int:
    return max((one.seq for one in entries(store, owner)), default=0)


def partners(*owners: Owner) -> list[dict[str, Any]]:
    return [{"agency": one.agency} for one in owners]


def test_an_agency_let_in_is_told_and_follows_from_there_on(store: Store) -> None:
    child = post_child(store, COUNCIL)
    assert told(store, HEALTH) == []
    post(store, COUNCIL, "plans", "a-plan", partners=partners(HEALTH))
    (visible,) = entries(store, HEALTH)
    assert (visible.type, visible.child, visible.source, visible.previous_child) == ("visible", child, None, None)
    post(store, COUNCIL, "referrals", "a-referral")
    assert told(store, HEALTH, visible.seq) == [("put", COUNCIL.source, "a-referral")]
    assert told(store, POLICE) == []
    own = [("put", COUNCIL.source, one) for one in ("child-0001", "a-plan", "a-referral")]
    assert told(store, COUNCIL) == own


def test_an_agency_let_out_is_told_and_what_it_followed_is_there_no_more(store: Store) -> None:
    child = post_child(store, COUNCIL)
    post(store, COUNCIL, "plans", "a-plan", partners=partners(HEALTH))
    post(store, HEALTH, "referrals", "own", child="child-of-its-own")
    told(store, HEALTH)
    post(store, COUNCIL, "referrals", "a-referral")
    before = last(store, HEALTH)
    retract(store, COUNCIL, "plans", "a-plan")
    (hidden,) = entries(store, HEALTH, before)
    assert (hidden.type, hidden.child) == ("hidden", child)
    post(store, COUNCIL, "referrals", "another")
    assert [one[0] for one in told(store, HEALTH)] == ["put", "visible", "hidden"]


def test_one_more_whose_items_are_seen_is_told_as_visible_and_one_less_as_hidden_and_visible(store: Store) -> None:
    post_child(store, COUNCIL, HEALTH)
    post(store, COUNCIL, "plans", "a-plan", partners=partners(POLICE))
    before = last(store, POLICE)
    post(store, HEALTH, "referrals", "names", referred_to_agency=POLICE.agency)
    assert [one[0] for one in told(store, POLICE, before)] == ["visible"]
    post(store, HEALTH, "chronologies", "of-health")
    post(store, COUNCIL, "chronologies", "of-council")
    assert {one[2] for one in told(store, POLICE, before)} == {None, "of-health", "of-council"}
    before = last(store, POLICE)
    retract(store, HEALTH, "referrals", "names")
    assert [one[0] for one in told(store, POLICE, before)] == ["hidden", "visible"]
    post(store, COUNCIL, "chronologies", "of-council", recorded_at="2025-12-01T09:00:00Z")
    assert {one[2] for one in told(store, POLICE)} == {None, "of-council"}


def test_a_day_that_comes_opens_and_closes_without_anybody_writing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_child(store, COUNCIL)
    post(store, COUNCIL, "plans", "a-plan", partners=[{"agency": HEALTH.agency, "from_on": day(5), "to_on": day(9)}])
    days: list[list[str]] = []
    for number in (0, 4, 6, 8, 10, 40):
        now = datetime.now(UTC) + timedelta(days=number)
        monkeypatch.setattr(feed, "clock", lambda _, now=now: now)
        days.append([one[0] for one in told(store, HEALTH)])
    assert days == [[], [], ["visible"], ["visible"], ["visible", "hidden"], ["visible", "hidden"]]


def test_what_becomes_of_a_child_whose_identity_changed_is_told_to_nobody_else(store: Store) -> None:
    child = post_child(store, COUNCIL, HEALTH)
    post(store, HEALTH, "plans", "a-plan", partners=partners(COUNCIL))
    post(store, COUNCIL, "plans", "a-plan", partners=partners(HEALTH, POLICE))
    before = {owner: last(store, owner) for owner in (HEALTH, POLICE)}
    changed = {"identity_change": "adoption", "given_name": "Canary", "recorded_at": "2025-12-01T09:00:00Z"}
    sealed = post(store, COUNCIL, "children", "child-0001", **changed).child
    assert sealed and sealed != child
    post(store, COUNCIL, "chronologies", "after")
    for owner in (HEALTH, POLICE):
        since = entries(store, owner, before[owner])
        assert [one.type for one in since] == ["hidden"] and since[0].child == child
        assert sealed not in repr(entries(store, owner)) and "after" not in repr(since)


def test_a_record_that_is_about_another_child_now_is_unlinked_for_those_who_see_the_first_alone(store: Store) -> None:
    child = post_child(store, COUNCIL, HEALTH)
    second = Owner("ggc-community", HEALTH.agency)
    assert post(store, second, "children", "child-0001").child == child
    post(store, HEALTH, "plans", "a-plan", partners=partners(COUNCIL))
    before = last(store, COUNCIL)
    moved = post(store, second, "children", "child-0001", chi=None, scn=None, recorded_at="2025-12-01T09:00:00Z")
    assert moved.child != child
    (entry,) = [one for one in entries(store, COUNCIL, before) if one.type == "unlink"]
    assert (entry.source, entry.child, entry.previous_child) == (second.source, None, child)
    assert str(moved.child) not in repr(entries(store, COUNCIL))


SOURCES = {"a": COUNCIL, "b": HEALTH, "c": POLICE}


def at_random(store: Store, random: Random, number: int) -> None:
    """One thing that one of three agencies may do with one of two children and its few records."""
    owner, other = random.sample(list(SOURCES.values()), 2)
    child = random.choice((0, 1))
    own_id, recorded_at = f"child-{child}", f"2025-05-01T{9 + number // 60:02}:{number % 60:02}:00Z"
    about = {"child": own_id, "recorded_at": recorded_at}
    identity = {"chi": ("0101157509", "1502123436")[child], "date_of_birth": ("2015-01-01", "2012-02-15")[child]}
    does: Callable[[], object] = random.choice((
        lambda: post(store, owner, "children", own_id, scn=None, recorded_at=recorded_at, **identity),
        lambda: post(store, owner, "children", own_id, scn=None, recorded_at=recorded_at, **identity | {"chi": None}),
        lambda: post(store, owner, "plans", own_id, **about, partners=partners(other)),
        lambda: post(store, owner, "referrals", own_id, **about, referred_to_agency=other.agency),
        lambda: post(store, owner, "chronologies", own_id, **about),
        lambda: retract(store, owner, random.choice(("plans", "referrals")), own_id),
    ))  # fmt: skip
    try:
        does()
    except NotFound:
        return


class Follower:
    """An agency that follows the feed: which children it knows that others hold something about, as it is told."""

    def __init__(self, store: Store, owner: Owner) -> None:
        self.store, self.owner = store, owner
        self.served: dict[int, Changed] = {}
        self.sees: set[str] = set()

    def poll(self) -> None:
        after = max(self.served, default=0)
        for one in entries(self.store, self.owner, after):
            assert one.seq > after and one.seq not in self.served
            self.served[one.seq] = one
            if one.type == "visible":
                self.sees.add(one.child or "")
            if one.type == "hidden":
                self.sees.discard(one.child or "")

    def really_sees(self) -> set[str]:
        with self.store.reading() as connection:
            rows = connection.execute(select(LINK.c.child, LINK.c.source_agency).where(LINK.c.superseded_at.is_(None)))
            held = [(child, agency) for child, agency in rows if agency != self.owner.agency]
            return {child for child, agency in held if agency in self._sight(connection, child)}

    def _sight(self, connection: Connection, child: str) -> frozenset[str]:
        try:
            return sight_of(connection, asker(self.owner), child, datetime.now(UTC)).agencies
        except NotFound:
            return frozenset()


def test_whoever_follows_knows_at_any_time_whose_items_it_sees_and_nothing_comes_late(store: Store) -> None:
    random = Random(11)  # noqa: S311
    followers = [Follower(store, owner) for owner in SOURCES.values()]
    gained = 0
    for number in range(90):
        at_random(store, random, number)
        for follower in random.sample(followers, random.choice((0, 1, 3))):
            follower.poll()
            assert follower.sees == follower.really_sees(), number
    for follower in followers:
        follower.poll()
        replayed = entries(store, follower.owner)
        assert {one.seq for one in replayed} <= set(follower.served), "something came late"
        gained += sum(one.type == "hidden" for one in replayed)
        others = {one.child for one in replayed if one.source and one.source != follower.owner.source and one.child}
        assert others <= follower.sees
    assert gained > 3, "hardly anything happened"
