"""Migrations: up, down and up again give the declared schema, on both databases."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import SQLModel

import services.store.family_tables
import services.store.tables  # noqa: F401
from services.settings import Settings
from services.store import batches
from services.store.engine import Store
from services.store.schema import migrate, revisions
from services.store.writing import Key, Known, Owner, brought_by_lines


@pytest.fixture
def owned(settings: Settings) -> Iterator[Store]:
    """A migrated store, opened as its owner."""
    store = Store(settings.store_url, role=None)
    yield store
    store.close()


def shape(store: Store) -> dict[str, object]:
    """Every table's columns, keys, indexes and constraints."""
    with store.reading() as connection:
        found = inspect(connection)
        return {
            name: (
                [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
                found.get_pk_constraint(name)["constrained_columns"],
                sorted(
                    (str(index["name"]), str(index["column_names"]), index["unique"])
                    for index in found.get_indexes(name)
                ),
                sorted(str(unique["column_names"]) for unique in found.get_unique_constraints(name)),
                sorted(str(check) for check in found.get_check_constraints(name)),
            )
            for name in sorted(found.get_table_names())
        }


def test_the_migrated_schema_is_the_declared_one(owned: Store) -> None:
    with owned.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_down_and_up_again_gives_the_same_schema(owned: Store) -> None:
    before = shape(owned)
    migrate(owned, "base")
    assert set(shape(owned)) == {"alembic_version"}
    migrate(owned)
    assert shape(owned) == before


def test_the_store_knows_whether_its_schema_is_behind(owned: Store) -> None:
    with owned.reading() as connection:
        held, wanted = revisions(connection)
        assert held == wanted
    migrate(owned, "base")
    with owned.reading() as connection:
        assert revisions(connection)[0] is None


def test_the_service_can_neither_change_nor_delete_the_journal(owned: Store, settings: Settings) -> None:
    if owned.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no roles")
    service = Store(settings.store_url)
    for statement in ("DELETE FROM journal", "UPDATE journal SET sha256 = ''", "UPDATE payload SET body = ''"):
        with pytest.raises(ProgrammingError, match="permission denied"), service.writing() as connection:
            connection.execute(text(statement))
    service.close()


def test_the_bulk_reader_sees_no_credentials(owned: Store, settings: Settings) -> None:
    if owned.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no roles")
    reader = Store(settings.store_url, role="kith_reader")
    with reader.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM journal")).scalar_one() == 0
    for table in ("client", "signing_key", "used_assertion", "break_glass", "notice", "officer", "sharing_decision"):
        with pytest.raises(ProgrammingError, match="permission denied"), reader.reading() as connection:
            connection.execute(text(f"SELECT * FROM {table}"))
    reader.close()


def test_reports_of_earlier_batches_are_kept_when_they_become_one_text(owned: Store) -> None:
    owner = Owner("a-source", "S12000038")
    migrate(owned, "base")
    migrate(owned, "0001")
    with owned.writing() as connection:
        now = connection.execute(text("SELECT CURRENT_TIMESTAMP")).scalar_one()
        row = {"agency": owner.agency, "source": owner.source, "now": now}
        connection.execute(text("INSERT INTO batch VALUES ('b', :agency, :source, :now, '{}')"), row)
        for line in (10, 9, 1):
            connection.execute(
                text("INSERT INTO batch_result VALUES ('b', :line, :agency, :body)"),
                row | {"line": line, "body": str(line)},
            )
    migrate(owned)
    with owned.reading() as connection:
        assert batches.results(connection, owner, "b") == "1\n9\n10\n"
        assert batches.answered(connection, owner, "b").counts == {}


def test_a_line_is_known_again_after_its_digest_went_from_the_record_to_the_version(owned: Store) -> None:
    key, digest = Key("S12000038", "a-source", "children", "c-1"), "d" * 64
    migrate(owned, "base")
    migrate(owned, "0011")
    with owned.writing() as connection:
        row = key.columns() | {"at": connection.execute(text("SELECT CURRENT_TIMESTAMP")).scalar_one(), "line": digest}
        named = "source_agency, source, family, source_id, recorded_at, sha256, seq, version"
        values = ":source_agency, :source, :family, :source_id, :at, 'content', 7, 1"
        received = f"INSERT INTO journal ({named}, received_at, op, contract_version) VALUES ({values}, :at, 'put', 1)"
        held = f"INSERT INTO held ({named}, child, is_retracted, line_sha256) VALUES ({values}, 'c-1', false, :line)"
        body = "INSERT INTO payload (seq, source_agency, body) VALUES (7, :source_agency, '{}')"
        for statement in (received, held, body):
            connection.execute(text(statement), row)
    migrate(owned)
    with owned.reading() as connection:
        assert brought_by_lines(connection, [(key, digest)]) == {(key, digest): Known(1, "content", "c-1", True)}
