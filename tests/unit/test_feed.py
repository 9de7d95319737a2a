"""The feed is gap-free whatever commits when: nothing appears at or below a number already served."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from services.intake.receive import receive_batch
from services.store import feed, outbox
from services.store.engine import Store
from services.store.writing import Key, Owner
from tests.examples import changed

AGENCY, OTHER = "S12000038", "S12000049"
WRITERS, EACH, FOLLOWERS = 6, 15, 3


def write_late(store: Store, writer: int) -> None:
    """Transactions of several entries each, which commit after others that began later."""
    random = Random(writer)  # noqa: S311
    for number in range(EACH):
        agency = AGENCY if random.random() < 0.8 else OTHER
        with store.writing() as connection:
            for part in range(random.randint(1, 3)):
                key = Key(agency, "a-source", "referrals", f"{writer}-{number}-{part}")
                outbox.add(connection, [outbox.Entry("put", key, None)])
                if connection.dialect.name != "sqlite":
                    time.sleep(random.choice((0, 0, 0.01, 0.04)))


def follow(store: Store, writing: Sequence[Future[None]]) -> list[feed.Changed]:
    """Everything that a follower sees who polls all the time, from the start until after the last write."""
    seen: list[feed.Changed] = []
    is_last = False
    while not is_last:
        is_last = all(each.done() for each in writing)
        going_on = True
        while going_on:
            page = feed.page(store, AGENCY, seen[-1].seq if seen else 0, 7)
            seen += page.entries
            going_on = page.after is not None
    return seen


def test_a_follower_misses_nothing_while_transactions_commit_late(store: Store) -> None:
    with ThreadPoolExecutor(WRITERS + FOLLOWERS) as threads:
        writing = [threads.submit(write_late, store, number) for number in range(WRITERS)]
        following = [threads.submit(follow, store, writing) for _ in range(FOLLOWERS)]
        for each in writing:
            each.result()
        seen, *others = [each.result() for each in following]
    assert seen == list(feed.page(store, AGENCY, 0, 10_000).entries)
    assert others == [seen] * (FOLLOWERS - 1)
    assert [entry.seq for entry in seen] == sorted({entry.seq for entry in seen})
    with store.reading() as connection:
        published = connection.execute(
            select(feed.FEED.c.entry, feed.FEED.c.source_agency).order_by(feed.FEED.c.seq)
        ).all()
        left = connection.execute(select(func.count()).select_from(feed.OUTBOX)).scalar_one()
    entries = [row.entry for row in published]
    assert (left, len(seen)) == (0, sum(row.source_agency == AGENCY for row in published))
    if store.engine.dialect.name != "sqlite":
        assert entries != sorted(entries), "no transaction committed late: this run showed nothing"


def post(store: Store, agency: str, *ids: str) -> None:
    lines = (json.dumps({"family": "referrals", "source_id": one, "record": changed("referrals", {})}) for one in ids)
    receive_batch(store, Owner(f"source-of-{agency.lower()}", agency), "\n".join(lines).encode())


def test_a_page_is_full_while_there_is_more_however_little_is_numbered_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "AT_ONCE", 2)
    post(store, OTHER, "o-1", "o-2", "o-3")
    post(store, AGENCY, *(f"r-{number}" for number in range(7)))
    page = feed.page(store, AGENCY, 0, 5)
    assert [entry.source_id for entry in page.entries] == [f"r-{number}" for number in range(5)]
    rest = feed.page(store, AGENCY, page.after or 0, 5)
    assert ([entry.source_id for entry in rest.entries], rest.after) == (["r-5", "r-6"], None)


def test_a_reader_that_meets_too_long_an_outbox_is_told_where_to_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "AT_ONCE", 2)
    monkeypatch.setattr(feed, "MOST_ROUNDS", 1)
    post(store, OTHER, "o-1", "o-2", "o-3")
    post(store, AGENCY, "r-1")
    first = feed.page(store, AGENCY, 0, 5)
    assert (first.entries, first.after) == ([], 2)
    second = feed.page(store, AGENCY, 2, 5)
    assert [entry.source_id for entry in second.entries] == ["r-1"]


def test_the_service_cannot_change_what_the_feed_has_said(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no roles")
    for statement in ("DELETE FROM feed", "UPDATE feed SET type = ''"):
        with pytest.raises(ProgrammingError, match="permission denied"), store.writing() as connection:
            connection.execute(text(statement))
