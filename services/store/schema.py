"""The store's schema: brought up to date by migrations, and whether it is."""

from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, text

from schemas.registry import TABLES
from services.store.engine import Store


def _config(connection: Connection | None = None) -> Config:
    found = find_spec("migrations")
    assert found is not None
    assert found.submodule_search_locations
    config = Config()
    config.set_main_option("script_location", str(Path(found.submodule_search_locations[0])))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(store: Store, to: str = "head") -> None:
    """Bring the schema up (or, to an earlier revision, down); needs a store opened with no role."""
    with store.writing() as connection:
        step = command.downgrade if to == "base" else command.upgrade
        step(_config(connection), to)
        if connection.dialect.name != "sqlite":
            connection.execute(text(_LOCK_ROWS))
            erasable = ",".join(("payload", *(table.name for table in TABLES)))
            connection.execute(text("SELECT set_config('kith.erasable', :names, true)"), {"names": erasable})
            connection.execute(text(_LET_ERASE))


_LOCK_ROWS = """
DO $$
DECLARE held record;
BEGIN
    FOR held IN
        SELECT relname AS name FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND NOT relrowsecurity
        AND attname = 'source_agency' AND NOT attisdropped AND relname NOT IN ('feed', 'outbox')
        AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'kith_asker')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', held.name);
        EXECUTE format('CREATE POLICY whole ON %I TO kith_service, kith_matcher, kith_reader USING (true)', held.name);
        EXECUTE format('CREATE POLICY scoped ON %I FOR SELECT TO kith_asker USING (source_agency = '
            'ANY (string_to_array(current_setting(''kith.agencies'', true), '','')))', held.name);
    END LOOP;
END $$
"""
"""Row-level security for each table that says whose its rows are, as soon as there is one: a new family's too.

The feed and the outbox are nobody's to read but the service's, which follows each agency in a copy of its own.
"""


_LET_ERASE = """
DO $$
DECLARE held record;
BEGIN
    FOR held IN
        SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
        AND relname = ANY (string_to_array(current_setting('kith.erasable'), ','))
        AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'kith_eraser')
        AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polname = 'erasing')
    LOOP
        EXECUTE format('GRANT SELECT, DELETE ON %I TO kith_eraser', held.name);
        EXECUTE format('CREATE POLICY erasing ON %I TO kith_eraser USING (true)', held.name);
    END LOOP;
END $$
"""
"""What says what was recorded may be erased by the role that the function kith_erase works as: a new family's too."""


def new_migration(store: Store, message: str) -> Path:
    """Write a migration from the store's schema to the declared one, to be read and kept."""
    with store.writing() as connection:
        script = command.revision(_config(connection), message, autogenerate=True)
    assert isinstance(script, Script)
    return Path(script.path)


def revisions(connection: Connection) -> tuple[str | None, str | None]:
    """The schema's revision and the one this release of Kith wants."""
    held = MigrationContext.configure(connection).get_current_revision()
    return held, ScriptDirectory.from_config(_config()).get_current_head()
