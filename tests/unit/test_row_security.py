"""Two locks on what an agency holds, each of which holds alone: the store's own scoping, and PostgreSQL's."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import SQLModel

from schemas.registry import TABLES
from services.settings import Settings
from services.store import about_child, bulk, digests, reading
from services.store.engine import Store
from services.store.scope import limit_to, reading_for
from services.store.writing import Owner
from tests.posted import COUNCIL, HEALTH, POLICE, post, post_child

UNSCOPED = {"feed", "outbox"}
"""What each agency follows in a copy of its own, read by the service alone."""


@pytest.fixture
def locked(store: Store) -> Store:
    """A store on PostgreSQL with a child that two agencies hold records about."""
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no row-level security")
    post_child(store, COUNCIL, HEALTH)
    for owner in (COUNCIL, HEALTH):
        for family in ("plans", "referrals", "chronologies", "care_episodes", "child_protection"):
            post(store, owner, family, f"of-{owner.source}")
    return store


@pytest.fixture
def unlocked(settings: Settings) -> Iterator[Store]:
    """A store whose role row-level security lets see everything: SQLite, or PostgreSQL's own."""
    held = Store(settings.store_url, role=None)
    yield held
    held.close()


def agencies_of(store: Store, table: str, *agencies: str) -> set[str]:
    """Whose rows a query without any scoping of its own finds."""
    with reading_for(store, *agencies) as connection:
        return set(connection.execute(text(f"SELECT DISTINCT source_agency FROM {table}")).scalars())


def test_a_query_that_forgets_whom_it_is_for_finds_the_rows_of_the_agencies_named_alone(locked: Store) -> None:
    both = COUNCIL.agency, HEALTH.agency
    for table in ("journal", "payload", "held", "link", *(table.name for table in TABLES)):
        with locked.reading() as connection:
            there = set(connection.execute(text(f"SELECT DISTINCT source_agency FROM {table}")).scalars())
        assert agencies_of(locked, table, COUNCIL.agency) == there & {COUNCIL.agency}, table
        assert agencies_of(locked, table, *both) == there, table
        assert agencies_of(locked, table, POLICE.agency) == agencies_of(locked, table) == set(), table


def test_every_table_that_says_whose_its_rows_are_is_locked_for_its_owner_too(locked: Store) -> None:
    wanted = {name for name, table in SQLModel.metadata.tables.items() if "source_agency" in table.c} - UNSCOPED
    query = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    with locked.reading() as connection:
        assert set(connection.execute(text(query)).scalars()) == wanted


def test_the_lock_ends_with_the_transaction_and_is_shut_where_nobody_is_named(locked: Store) -> None:
    counted = text("SELECT count(*) FROM children")
    for _ in range(12):
        with reading_for(locked, COUNCIL.agency) as connection:
            assert connection.execute(counted).scalar_one() == 1
        with locked.reading() as connection:
            assert connection.execute(counted).scalar_one() == 2
        with locked.reading() as connection:
            connection.execute(text("SELECT set_config('role', 'kith_asker', true)"))
            assert connection.execute(counted).scalar_one() == 0


def refused(store: Store, statement: str, *agencies: str) -> bool:
    """Whether PostgreSQL refuses a statement, for the service or, with agencies, for an asker."""
    try:
        with store.writing(undo=True) as connection:
            if agencies:
                limit_to(connection, *agencies)
            connection.execute(text(statement))
    except ProgrammingError as error:
        return "permission denied" in str(error)
    return False


def test_whoever_reads_for_an_asker_can_write_nothing_and_read_no_secret(locked: Store) -> None:
    writing = ("UPDATE children SET sex = ''", "DELETE FROM journal", "INSERT INTO child SELECT 'x', now()")
    secrets = ("client", "signing_key", "feed", "outbox", "break_glass", "notice", "officer", "visible", "audit")
    statements = (*writing, *(f"SELECT * FROM {table}" for table in secrets))
    assert [one for one in statements if not refused(locked, one, COUNCIL.agency)] == []


def test_the_service_can_change_nothing_that_is_on_record(locked: Store) -> None:
    tables = ("break_glass", "sharing_decision", "journal", "feed")
    statements = [do for table in tables for do in (f"DELETE FROM {table}", f"UPDATE {table} SET source = ''")]
    assert [one for one in statements if not refused(locked, one)] == []


def test_the_lock_does_not_keep_postgresql_from_finding_what_was_sent_by_its_place(locked: Store) -> None:
    with reading_for(locked, COUNCIL.agency) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))  # of so few rows it would read all
        wanted = [(COUNCIL.agency, "1")]
        plan = bulk.select(connection, f"EXPLAIN {about_child.BODIES}", ("source_agency", "seq"), wanted, str)
    assert any("Index Cond: (seq = " in line for line in plan), plan


def test_the_stores_own_scoping_holds_without_the_databases(unlocked: Store) -> None:
    post_child(unlocked, COUNCIL, HEALTH)
    post(unlocked, COUNCIL, "referrals", "a-referral")
    as_health = Owner(COUNCIL.source, HEALTH.agency)
    with unlocked.reading() as connection:
        assert reading.version(connection, COUNCIL, "referrals", "a-referral")
        for owner in (HEALTH, as_health):
            assert reading.version(connection, owner, "referrals", "a-referral") is None
            assert not reading.versions(connection, owner, "referrals", "a-referral", 0, 10)
            assert digests.digest(connection, owner, "referrals").count == 0
