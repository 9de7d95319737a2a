"""What the store keeps of a record, and that many writers at once do not double or lose any."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select, text

from schemas.registry import BY_NAME, FAMILIES, TABLES
from services.intake.receive import receive_batch
from services.intake.singles import read_record, receive
from services.store.engine import Store
from services.store.family_tables import table
from services.store.tables import Journal, Outbox
from services.store.writing import Owner, Result
from tests.conftest import wait_until
from tests.examples import changed, example

OWNER = Owner("renfrewshire-social-work", "S12000038")


def put(store: Store, family: str, source_id: str, **changes: Any) -> Result:
    body = json.dumps(changed(family, changes)).encode()
    return receive(store, read_record(OWNER, BY_NAME[family], source_id, body)).outcome.result


def count(store: Store, name: str, **where: Any) -> int:
    with store.reading() as connection:
        held = table(name)
        query = select(func.count()).select_from(held)
        found: int = connection.execute(query.filter_by(**where)).scalar_one()
        return found


def test_every_row_of_every_table_is_the_records_own(store: Store) -> None:
    for family in FAMILIES:
        put(store, family.name, "whole")
        rows = family.rows(family.contract.model_validate(example(family.name)))
        assert {name: count(store, name) for name in rows} == {name: len(found) for name, found in rows.items()}


def test_a_version_that_gives_way_stays_with_its_end(store: Store) -> None:
    put(store, "referrals", "r")
    put(store, "referrals", "r", recorded_at="2025-03-05T09:00:00Z")
    with store.reading() as connection:
        held = table("referrals")
        first, second = connection.execute(select(held.c.kept_at, held.c.superseded_at).order_by(held.c.version))
    assert first.superseded_at == second.kept_at
    assert second.superseded_at is None


def test_of_two_writers_of_a_record_the_later_to_hold_it_keeps_it_later(store: Store) -> None:
    """A batch that waits for one record must not stamp another with a time before a write that overtook it."""
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    put(store, "referrals", "w0")
    put(store, "referrals", "w1")
    with ThreadPoolExecutor(1) as waiting:
        with store.writing() as blocking:
            blocking.execute(text("SELECT 1 FROM held WHERE source_id = 'w0' FOR UPDATE"))
            batch = waiting.submit(receive_batch, store, OWNER, both("2025-05-01T09:00:00Z"))
            wait_until(lambda: waits_for_a_lock(store))
            put(store, "referrals", "w1", recorded_at="2025-04-01T09:00:00Z")
        batch.result()
    with store.reading() as connection:
        held = table("referrals")
        rows = connection.execute(select(held.c.kept_at, held.c.superseded_at).where(held.c.source_id == "w1"))
        spans = sorted(tuple(row) for row in rows)
    assert all(end == start for (_, end), (start, _) in pairwise(spans))
    assert len(spans) == 3 and spans[-1][1] is None


def both(recorded_at: str) -> bytes:
    record = changed("referrals", {"recorded_at": recorded_at})
    lines = (json.dumps({"family": "referrals", "source_id": name, "record": record}) for name in ("w0", "w1"))
    return "\n".join(lines).encode()


def waits_for_a_lock(store: Store) -> bool:
    with store.reading() as connection:
        waiting = connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one()
        return bool(waiting)


def test_every_accepted_version_is_in_the_journal_and_the_outbox(store: Store) -> None:
    put(store, "referrals", "r")
    put(store, "referrals", "r")
    put(store, "referrals", "r", recorded_at="2025-03-05T09:00:00Z")
    with store.reading() as connection:
        journal = connection.execute(select(Journal.__table__.c.version, Journal.__table__.c.contract_version)).all()  # type: ignore[attr-defined]
        outbox = connection.execute(select(func.count()).select_from(Outbox)).scalar_one()
    assert [tuple(row) for row in journal] == [(1, 1), (2, 1)]
    assert outbox == 2


def test_the_agency_is_in_every_key_of_every_record_table() -> None:
    for shape in TABLES:
        assert "source_agency" in table(shape.name).primary_key.columns


def test_of_many_posters_of_one_key_exactly_one_creates(store: Store) -> None:
    def poster(number: int) -> Result:
        return put(store, "children", "contended", recorded_at=f"2025-03-04T10:{number:02}:00Z")

    with ThreadPoolExecutor(16) as posters:
        results = list(posters.map(poster, range(16)))
    assert results.count(Result.CREATED) == 1
    assert results.count(Result.REPLACED) + results.count(Result.STALE) == 15
    assert count(store, "children", superseded_at=None) == 1


def test_batches_that_share_keys_and_children_do_not_block_each_other_for_good(store: Store) -> None:
    def poster(number: int) -> int:
        ids = sorted((f"c-{n}" for n in range(20)), reverse=bool(number % 2))
        record = changed("children", {"recorded_at": f"2025-03-04T10:{number:02}:00Z"})
        lines = [json.dumps({"family": "children", "source_id": i, "record": record}) for i in ids]
        counts = receive_batch(store, OWNER, "\n".join(lines).encode()).counts
        return counts["created"]

    with ThreadPoolExecutor(6) as posters:
        assert sum(posters.map(poster, range(6))) == 20
    with store.reading() as connection:
        children = connection.execute(text("SELECT count(DISTINCT child) FROM link WHERE superseded_at IS NULL"))
        assert children.scalar_one() == 1
