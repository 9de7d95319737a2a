"""The audit: what was done is on record with its transaction, and nothing leaves where it cannot be."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import ProgrammingError

from services.access import credentials
from services.access.logbook import Logbook
from services.errors import Unavailable
from services.settings import Settings
from services.store import audit
from services.store.engine import Store
from tests.acts import AGENCY, SOURCE, act

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def put_on_record(store: Store, *acts: audit.Act) -> None:
    with store.writing() as connection:
        audit.record(connection, acts)


def count(store: Store) -> int:
    with store.reading() as connection:
        found: int = connection.execute(select(func.count()).select_from(audit.AUDIT)).scalar_one()
        return found


def received(store: Store, since: datetime = LONG_AGO, **asked: Any) -> list[tuple[str, str, int]]:
    with store.reading() as connection:
        found = audit.received(connection, since, **asked)
    return [(one.agency, one.child, one.times) for one in found]


def test_a_childs_log_has_every_act_about_it_in_order_and_as_it_was_told(store: Store) -> None:
    acts = [act(request_id=f"r{n}", child=f"c{n % 2}", detail={"shown": [], "é": n}) for n in range(60)]
    put_on_record(store, *acts)
    with store.reading() as connection:
        first = audit.of_child(connection, "c1", 0, 20)
        rest = audit.of_child(connection, "c1", first[-1].entry, 20)
    assert [entry.act for entry in (*first, *rest)] == acts[1::2]
    assert all(abs(entry.at - datetime.now(UTC)) < timedelta(minutes=5) for entry in first)


def test_an_act_shares_the_fate_of_its_transaction(store: Store) -> None:
    with store.writing(undo=True) as connection:
        audit.record(connection, [act()])
    assert count(store) == 0


def test_who_received_addresses_is_told_by_worker_and_by_source_since_an_instant(store: Store) -> None:
    put_on_record(store, act(child="c2"), act(child="c2"), act(child="c1"), act(child=None, what="search"))
    put_on_record(store, act(child="c3", worker="w-2"), act(child="c4", source="another"))
    put_on_record(store, act(child="c5", detail={"shown": ["plain"]}), act(child="c6", detail={"place": 1}))
    put_on_record(store, act(child="c7", agency="S12000049"))
    assert received(store, worker="w-1", agency=AGENCY) == [(AGENCY, "c2", 2), (AGENCY, "c1", 1), (AGENCY, "c4", 1)]
    assert [child for _, child, _ in received(store, source=SOURCE)] == ["c2", "c1", "c3", "c7"]
    assert received(store, worker="w-1", agency=AGENCY, after=1, limit=1) == [(AGENCY, "c1", 1)]
    assert received(store, datetime.now(UTC) + timedelta(minutes=5), source=SOURCE) == []


def test_acts_of_one_moment_are_committed_together(store: Store) -> None:
    commits = Counter[str]()
    event.listen(store.engine, "commit", lambda connection: commits.update(["commit"]))

    async def write_all() -> None:
        logbook = Logbook(store)
        await asyncio.gather(*(logbook(act(request_id=str(number))) for number in range(60)))
        logbook.close()

    asyncio.run(write_all())
    assert count(store) == 60
    assert commits["commit"] <= 3


def test_where_nothing_can_be_put_on_record_the_asker_is_told_so(tmp_path: Any) -> None:
    store = Store(f"sqlite:///{tmp_path}/no-tables.sqlite")
    with pytest.raises(Unavailable):
        asyncio.run(Logbook(store)(act()))
    store.close()


def test_what_is_done_to_a_source_is_on_record(store: Store) -> None:
    credentials.add_source(store, SOURCE, AGENCY, ["records.read"])
    credentials.rotate(store, SOURCE)
    credentials.revoke(store, SOURCE)
    with store.reading() as connection:
        found = connection.execute(select(audit.AUDIT).order_by(audit.AUDIT.c.entry)).all()
    assert [(row.act, row.what, row.agency, row.source) for row in found] == [
        ("admin", what, AGENCY, SOURCE) for what in ("source_added", "source_rotated", "source_revoked")
    ]


def test_the_service_can_add_to_audit_seals_and_journal_and_change_none_of_them(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no roles")
    for table, column in (("audit", "act"), ("audit_seal", "root"), ("journal", "op")):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = ''", f"TRUNCATE {table}"):
            with pytest.raises(ProgrammingError, match="permission denied"), store.writing() as connection:
                connection.execute(text(statement))
    put_on_record(store, act())
    assert count(store) == 1


def test_the_bulk_reader_reads_no_audit(settings: Settings, database: str) -> None:
    if database == "sqlite":
        pytest.skip("SQLite has no roles")
    reader = Store(settings.store_url, role="kith_reader")
    for table in ("audit", "audit_seal"):
        with pytest.raises(ProgrammingError, match="permission denied"), reader.reading() as connection:
            connection.execute(text(f"SELECT * FROM {table}"))
    reader.close()
