"""kith officer: the two named officers of an agency, who alone may see children whose identity changed."""

import argparse
from datetime import UTC

from services.access.officers import add_officer, remove_officer
from services.cli.screen import FINE, print_json, print_table, say
from services.cli.service import refuse_unready
from services.settings import Settings
from services.store import officers
from services.store.engine import Store


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    officer = commands.add_parser("officer", help="name an agency's two officers, or list them")
    actions = officer.add_subparsers(required=True, metavar="ACTION")
    for name, run, says in (
        ("add", run_add, "name an officer, by the opaque id that Kith-Worker has"),
        ("remove", run_remove, "name an officer no more"),
    ):
        action = actions.add_parser(name, help=says)
        action.add_argument("--agency", required=True, metavar="CODE")
        action.add_argument("--worker", required=True, metavar="ID")
        action.set_defaults(run=run)
    listing = actions.add_parser("list", help="the officers named")
    listing.add_argument("--agency", metavar="CODE")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=run_list)


def run_add(options: argparse.Namespace) -> int:
    add_officer(_store(), options.agency, options.worker)
    say("Named.")
    return FINE


def run_remove(options: argparse.Namespace) -> int:
    remove_officer(_store(), options.agency, options.worker)
    say("Named no more.")
    return FINE


def run_list(options: argparse.Namespace) -> int:
    with _store().reading() as connection:
        found = officers.officers(connection, options.agency)
    rows = [(one.agency, one.worker, one.added_at.astimezone(UTC).isoformat()) for one in found]
    if options.json:
        items = [dict(zip(("agency", "worker", "added_at"), row, strict=True)) for row in rows]
        print_json({"items": items, "next": None})
    else:
        print_table("Officers", ("agency", "worker", "since"), rows)
    return FINE


def _store() -> Store:
    refuse_unready(Settings())
    return Store(Settings().store_url)
