"""Seals: every committed entry under exactly one, whatever commits late, and none can be changed unseen."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
import rfc8785
from sqlalchemy import select

from services.access import checkpoint_keys
from services.access.verification import walked
from services.intake.receive import receive_batch
from services.settings import Settings
from services.store import audit, merkle, seals
from services.store.engine import Store
from services.store.seals import LOGS
from services.store.writing import Owner
from tests.acts import AGENCY, act
from tests.conftest import listening, wait_until
from tests.examples import changed

OTHER = "S12000049"
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
"""The leaves, and below the roots over the first so many of them, that implementations of RFC 6962 are tested with."""
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_those_of_rfc_6962(size: int) -> None:
    leaves = [merkle.leaf(bytes.fromhex(each)) for each in LEAVES[:size]]
    assert merkle.root(leaves).hex() == ROOTS[size]


def test_what_is_hashed_is_the_rfc_8785_form() -> None:
    every = "".join(map(chr, range(0x2100))) + "\uffff\U0001f9d2"
    values = {"text": every, "nothing": None, "most": 2**53 - 1, "least": -(2**53) + 1, "a_b": "", "ab": 0}
    assert seals.canonical(values) == rfc8785.dumps(values)


def test_a_seal_covers_every_column_of_its_log() -> None:
    for name, log in LOGS.items():
        assert set(log.columns) == set(log.table.c.keys()), f"decide whether seals of {name} cover the new column"


def post(store: Store, agency: str, *ids: str) -> None:
    lines = (json.dumps({"family": "referrals", "source_id": one, "record": changed("referrals", {})}) for one in ids)
    receive_batch(store, Owner(f"source-of-{agency.lower()}", agency), "\n".join(lines).encode())


def put_on_record(store: Store, *agencies: str) -> None:
    with store.writing() as connection:
        audit.record(connection, [act(agency=agency) for agency in agencies])


def kept(store: Store) -> list[seals.Seal]:
    with store.reading() as connection:
        return list(seals.seals(connection))


def test_audit_and_journal_are_sealed_by_agency_each_seal_on_the_one_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "AT_ONCE", 3)
    post(store, AGENCY, "r-1", "r-2")
    put_on_record(store, AGENCY, OTHER, AGENCY, AGENCY, OTHER)
    assert seals.seal(store) == 7
    found = [(one.log, one.agency, one.number, one.first_entry, one.last_entry, one.sealed_to) for one in kept(store)]
    assert found == [
        ("audit", AGENCY, 1, 1, 3, 3),
        ("audit", AGENCY, 2, 4, 4, 5),
        ("audit", OTHER, 1, 2, 2, 3),
        ("audit", OTHER, 2, 5, 5, 5),
        ("journal", AGENCY, 1, 1, 2, 2),
    ]
    first, second, *_ = kept(store)
    assert (first.previous, second.previous) == (seals.NOTHING_BEFORE, first.hash)


def test_what_is_not_sealed_yet_is_counted_and_sealed_once(store: Store) -> None:
    put_on_record(store, AGENCY)
    with store.reading() as connection:
        assert walked(connection).unsealed_counts["audit"] == 1
    assert [seals.seal(store), seals.seal(store)] == [1, 0]
    with store.reading() as connection:
        found = walked(connection)
    assert (found.sealed_counts["audit"], found.unsealed_counts["audit"], found.broken) == (1, 0, [])


def test_entries_that_commit_late_are_under_exactly_one_seal(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "AT_ONCE", 5)
    writers, each = 6, 15

    def write(number: int) -> None:
        random = Random(number)  # noqa: S311
        for _ in range(each):
            with store.writing() as connection:
                for _ in range(random.randint(1, 3)):
                    audit.record(connection, [act(agency=random.choice((AGENCY, OTHER)))])
                    if connection.dialect.name != "sqlite":
                        time.sleep(random.choice((0, 0, 0.01, 0.04)))

    def seal_on() -> None:
        while not ended.is_set():
            seals.seal(store)

    ended = threading.Event()
    with ThreadPoolExecutor(writers + 2) as threads:
        sealing = [threads.submit(seal_on) for _ in range(2)]
        for writing in [threads.submit(write, number) for number in range(writers)]:
            writing.result()
        ended.set()
        for done in sealing:
            done.result()
    seals.seal(store)
    with store.reading() as connection:
        found = walked(connection)
        entries = connection.execute(select(audit.AUDIT.c.entry)).all()
    assert (found.broken, found.unsealed_counts["audit"]) == ([], 0)
    assert found.sealed_counts["audit"] == len(entries) >= writers * each
    assert len(kept(store)) > writers


def test_sealing_waits_for_who_may_still_commit_and_holds_up_nobody_else(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    with ThreadPoolExecutor(1) as threads:
        with store.writing() as late:
            audit.record(late, [act(child="late")])
            put_on_record(store, AGENCY)
            sealing = threads.submit(seals.seal, store)
            time.sleep(0.1)
            put_on_record(store, OTHER)
            assert not sealing.done()
        assert sealing.result() >= 2
    with store.reading() as connection:
        assert walked(connection).broken == []


def test_the_service_seals_and_exports_in_the_background(settings: Settings) -> None:
    checkpoint_keys.make_key(settings.signing_key)
    store = Store(settings.store_url)
    put_on_record(store, AGENCY)
    with listening(settings.model_copy(update={"seal_seconds": 0.05})):
        wait_until(lambda: (settings.exports / "checkpoint-00000001.json").exists())
    assert [one.entry_count for one in kept(store)] == [1]
    store.close()
