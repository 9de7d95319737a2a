"""kith serve, migrate, check-config: the service and its store."""

import argparse
import socket
from pathlib import Path

from sqlalchemy import make_url

from services.access.key_set import OutOfReach, fetched
from services.cli.screen import FINE, FOUND, CouldNotRun, print_json, say
from services.errors import Problem
from services.settings import Settings
from services.store.engine import Store
from services.store.schema import migrate, new_migration, revisions


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser("serve", help="run the service; migrates nothing")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.set_defaults(run=run_serve)
    migrating = commands.add_parser("migrate", help="bring the store's schema up to date")
    migrating.add_argument(
        "--write", metavar="NAME", help="for developers: write the migration that is missing instead"
    )
    migrating.set_defaults(run=run_migrate)
    check = commands.add_parser("check-config", help="say what is set, and whether the store is reached and up to date")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=run_check_config)


def run_serve(options: argparse.Namespace) -> int:
    import uvicorn

    refuse_unready(Settings())
    if not is_free(options.host, options.port):
        raise CouldNotRun(f"Port {options.port} is taken: stop what listens there, or choose another with --port.")
    say(f"Kith serves http://{options.host}:{options.port} (documentation: /docs). Stop it with Ctrl-C.")
    uvicorn.run(
        "services.app:create_app",
        factory=True,
        host=options.host,
        port=options.port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
    return FINE


def is_free(host: str, port: int) -> bool:
    """Whether nothing listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def refuse_unready(settings: Settings) -> None:
    """Raise CouldNotRun where the store is out of reach or its schema is not the one wanted."""
    held, wanted = schema_of(settings)
    if held != wanted:
        raise CouldNotRun("The store's schema is not the one this release wants: run kith migrate first.")


def ready_store() -> Store:
    """The store, reached and up to date; raises CouldNotRun."""
    settings = Settings()
    refuse_unready(settings)
    return Store(settings.store_url)


def schema_of(settings: Settings) -> tuple[str | None, str | None]:
    """The schema's revision and the one wanted; raises CouldNotRun where the store is out of reach."""
    store = Store(settings.store_url, role=None)
    try:
        with store.reading() as connection:
            return revisions(connection)
    except Problem as problem:
        where = store.engine.url.render_as_string(hide_password=True)
        raise CouldNotRun(f"The store {where} (KITH_DATABASE_URL) cannot be reached.") from problem
    finally:
        store.close()


def run_migrate(options: argparse.Namespace) -> int:
    bring_up_to_date(Settings())
    if options.write:
        say(f"Read it, and keep it: {_write_migration(Settings(), options.write)}")
    else:
        say("The store's schema is up to date.")
    return FINE


def _write_migration(settings: Settings, name: str) -> Path:
    store = Store(settings.store_url, role=None)
    try:
        return new_migration(store, name)
    finally:
        store.close()


def run_check_config(options: argparse.Namespace) -> int:
    settings = Settings()
    held, wanted = schema_of(settings)
    shown = {
        "store": make_url(settings.store_url).render_as_string(hide_password=True),
        "home": str(settings.home),
        "schema": held,
        "schema_wanted": wanted,
        "issuer": settings.issuer,
    }
    print_json(shown)
    wrong = ["The schema is behind: run kith migrate."] if held != wanted else []
    wrong += issuer_problems(settings)
    for problem in wrong:
        say(problem)
    return FOUND if wrong else FINE


def issuer_problems(settings: Settings) -> list[str]:
    """What keeps the tokens of the external issuer that is set, if one is, from being read."""
    try:
        if settings.issuer:
            fetched(settings.issuer_keys)
    except OutOfReach as error:
        return [f"No token of the issuer can be read (KITH_ISSUER_KEYS): {error}."]
    return []


def bring_up_to_date(settings: Settings) -> None:
    """Migrate the store as whoever owns it."""
    store = Store(settings.store_url, role=None)
    try:
        migrate(store)
    finally:
        store.close()
