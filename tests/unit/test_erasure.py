"""Erasure: what was recorded is gone from the whole store, that it was is proved, and recipients are told."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import SQLModel

from services.access import verification
from services.access.following import others_seen
from services.errors import Erased
from services.intake import erasing
from services.intake.receive import receive_batch
from services.settings import Settings
from services.store import batches, digests, everything, feed, reading, seals
from services.store.audit import AUDIT
from services.store.engine import Store
from services.store.erasure import Order
from services.store.tombstones import TOMBSTONE
from services.store.writing import PAYLOAD, Key
from tests.examples import changed
from tests.posted import COUNCIL, HEALTH, post, post_child, retract

MARK = "Quixwobble"
"""A word that stands in every record of the child, and nowhere else."""
ORDER = Order("unlawful", "w-dpo")


@pytest.fixture
def child(store: Store) -> str:
    """A child that two agencies know, one named by the other's plan, with records in several versions."""
    child = post_child(store, COUNCIL, HEALTH, given_name=MARK)
    post(store, COUNCIL, "plans", "plan-1", reason=MARK, partners=[{"agency": HEALTH.agency}])
    post(store, COUNCIL, "chronologies", "entry-1", description=f"{MARK} moved house to be nearer school")
    later = datetime.now(UTC).isoformat()
    post(store, COUNCIL, "chronologies", "entry-1", description=f"{MARK} moved house", recorded_at=later)
    post(store, HEALTH, "referrals", "referral-1", summary=MARK)
    retract(store, HEALTH, "referrals", "referral-1")
    return child


def erase_all(store: Store, child: str) -> list[Any]:
    with store.reading() as connection:
        keys = everything.left(connection, everything.keys(connection, child))
    return erasing.erase(store, keys, ORDER)


def kept_by(store: Store) -> dict[str, str]:
    """Every table of the store as one text."""
    with store.reading() as connection:
        return {
            name: "\n".join(str(tuple(row)) for row in connection.execute(select(table)))
            for name, table in SQLModel.metadata.tables.items()
        }


def is_fine(store: Store, settings: Settings) -> bool:
    return verification.of_store(store, settings.exports, {}).is_fine


def test_no_table_holds_a_word_of_what_was_erased(store: Store, child: str) -> None:
    line = {"family": "chronologies", "source_id": "of-batch", "record": changed("chronologies", {"description": MARK})}
    bad = {"family": "chronologies", "source_id": "bad", "record": {"description": MARK, "child": f"{MARK} {MARK}"}}
    kept = receive_batch(store, COUNCIL, "\n".join(map(json.dumps, (line, bad))).encode())
    assert kept.counts["created"] == kept.counts["rejected"] == 1
    assert {name for name, told in kept_by(store).items() if MARK in told} >= {"payload", "children", "plans"}
    done = erase_all(store, child)
    assert len(done) == 6
    assert {name for name, told in kept_by(store).items() if MARK in told} == set()


def test_the_file_of_sqlite_holds_no_word_of_it_either(store: Store, settings: Settings, child: str) -> None:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's own vacuum does it")
    erase_all(store, child)
    files = list(settings.home.glob("kith.sqlite*"))
    assert files and not any(MARK.encode() in path.read_bytes() for path in files)


def test_others_children_are_left_as_they_are(store: Store, child: str) -> None:
    post(store, COUNCIL, "children", "child-2", chi=None, scn=None, given_name="Another")
    post(store, COUNCIL, "plans", "plan-2", child="child-2")
    erase_all(store, child)
    with store.reading() as connection:
        assert reading.version(connection, COUNCIL, "plans", "plan-2").record["child"] == "child-2"  # type: ignore[union-attr,index]
        assert digests.digest(connection, COUNCIL, "plans").count == 1


def test_verification_knows_what_was_erased_from_what_was_deleted(store: Store, settings: Settings, child: str) -> None:
    seals.seal(store)
    erase_all(store, child)
    assert is_fine(store, settings)
    seals.seal(store)
    assert is_fine(store, settings)
    post(store, COUNCIL, "plans", "plan-2")
    owned = Store(settings.store_url, role=None)
    with owned.writing() as connection:
        connection.execute(PAYLOAD.delete())
    owned.close()
    report = verification.of_store(store, settings.exports, {})
    assert [one.says for one in report.broken] == ["the payload is gone"]


@pytest.mark.parametrize("change", ["reason = 'retention'", "digest = ''", "last_version = 99", "child = NULL"])
def test_a_changed_tombstone_is_seen(store: Store, settings: Settings, child: str, change: str) -> None:
    erase_all(store, child)
    owned = Store(settings.store_url, role=None)
    with owned.writing() as connection:
        connection.execute(text(f"UPDATE tombstone SET {change} WHERE tombstone = 1"))
    owned.close()
    assert not is_fine(store, settings)


def test_a_tombstone_that_nobody_put_on_the_audit_is_seen(store: Store, settings: Settings, child: str) -> None:
    erase_all(store, child)
    owned = Store(settings.store_url, role=None)
    with owned.writing() as connection:
        connection.execute(AUDIT.delete().where(AUDIT.c.act == "erase"))
    owned.close()
    assert not is_fine(store, settings)


def test_the_tombstone_says_who_when_why_and_on_what_ground(store: Store, child: str) -> None:
    done = erase_all(store, child)
    with store.reading() as connection:
        found = connection.execute(select(TOMBSTONE).order_by(TOMBSTONE.c.tombstone)).all()
        acts = connection.execute(select(AUDIT).where(AUDIT.c.act == "erase")).all()
    assert {(one.reason, one.legal_ground, one.by_worker, one.child) for one in found if one.source_id == "plan-1"} == {
        ("unlawful", "UK GDPR Article 17(1)(d)", "w-dpo", child)
    }
    assert {(act.child, act.worker) for act in acts} >= {(child, "w-dpo")}
    assert {json.loads(act.detail)["sha256"] for act in acts} == {one.sha256 for one in done}


def follow(store: Store, agency: str, after: int = 0) -> list[feed.Changed]:
    return list(feed.page(store, agency, after, 100, others_seen).entries)


def test_recipients_of_a_record_are_told_by_the_feed(store: Store, child: str) -> None:
    before = follow(store, HEALTH.agency)
    erasing.erase(store, [Key(COUNCIL.agency, COUNCIL.source, "chronologies", "entry-1")], ORDER)
    (told,) = follow(store, HEALTH.agency, before[-1].seq)
    assert (told.type, told.source, told.source_id, told.child) == ("retract", COUNCIL.source, "entry-1", child)


def test_whoever_saw_a_child_that_is_erased_is_told_to_forget_it(store: Store, child: str) -> None:
    before = follow(store, HEALTH.agency)
    assert ("visible", child) in {(one.type, one.child) for one in before}
    erase_all(store, child)
    told = [(one.type, one.source, one.child) for one in follow(store, HEALTH.agency, before[-1].seq)]
    assert set(told) == {("retract", HEALTH.source, child), ("hidden", None, child)}


def test_a_recipient_loses_sight_when_what_let_it_in_is_erased(store: Store, child: str) -> None:
    before = follow(store, HEALTH.agency)
    erasing.erase(store, [Key(COUNCIL.agency, COUNCIL.source, "plans", "plan-1")], ORDER)
    assert ("hidden", child) in {(one.type, one.child) for one in follow(store, HEALTH.agency, before[-1].seq)}


def test_digest_now_and_as_it_was_treat_it_as_gone(store: Store, child: str) -> None:
    erase_all(store, child)
    with store.reading() as connection:
        empty = digests.digest(connection, COUNCIL, "plans")
        assert empty.count == 0
        later = datetime.now(UTC) + timedelta(seconds=1)
        assert digests.digest(connection, COUNCIL, "plans", later) == empty


def test_what_was_recorded_before_is_refused_and_what_is_recorded_later_is_taken(store: Store, child: str) -> None:
    erase_all(store, child)
    with pytest.raises(Erased):
        post(store, COUNCIL, "plans", "plan-1", reason=MARK)
    line = {"family": "plans", "source_id": "plan-1", "record": changed("plans", {"reason": MARK})}
    kept = receive_batch(store, COUNCIL, json.dumps(line).encode())
    with store.reading() as connection:
        (told,) = [json.loads(one) for one in (batches.results(connection, COUNCIL, kept.batch) or "").splitlines()]
    assert (told["result"], told["errors"][0]["code"]) == ("rejected", "erased")
    again = post(store, COUNCIL, "plans", "plan-1", recorded_at=datetime.now(UTC).isoformat())
    assert (again.outcome.result, again.outcome.version) == ("created", 2)


def test_what_was_taken_again_can_be_erased_again(store: Store, settings: Settings, child: str) -> None:
    key = [Key(COUNCIL.agency, COUNCIL.source, "plans", "plan-1")]
    assert len(erasing.erase(store, key, ORDER)) == 1
    assert erasing.erase(store, key, ORDER) == []
    post(store, COUNCIL, "plans", "plan-1", recorded_at=datetime.now(UTC).isoformat())
    (again,) = erasing.erase(store, key, ORDER)
    assert again.versions == 1
    assert is_fine(store, settings)


def test_the_service_can_delete_only_by_a_tombstone(store: Store, child: str) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no roles")
    for statement in (
        "DELETE FROM payload",
        "DELETE FROM plans",
        "DELETE FROM tombstone",
        "UPDATE tombstone SET reason = ''",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), store.writing() as connection:
            connection.execute(text(statement))
    before = kept_by(store)
    with store.writing() as connection:
        connection.execute(text("SELECT kith_erase(1)"))
    assert kept_by(store) == before, "there is no tombstone 1"
