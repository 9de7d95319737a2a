"""kith source: who may post."""

import argparse
from dataclasses import asdict
from datetime import date

from services.access import credentials
from services.access.scopes import DEFAULT_SCOPES, SCOPES
from services.cli.screen import FINE, print_json, print_table, say
from services.cli.service import ready_store
from services.store import sources


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    source = commands.add_parser("source", help="add, list, rotate or revoke posting systems")
    actions = source.add_subparsers(required=True, metavar="ACTION")
    adding = actions.add_parser("add", help="add a posting system; its secret is shown this once")
    adding.add_argument("name")
    adding.add_argument("--agency", required=True, metavar="CODE")
    adding.add_argument("--scopes", nargs="+", default=list(DEFAULT_SCOPES), metavar="S", help=" ".join(SCOPES))
    adding.add_argument("--live-from", type=date.fromisoformat, metavar="DATE")
    adding.set_defaults(run=run_add)
    listing = actions.add_parser("list", help="the posting systems")
    listing.set_defaults(run=run_list)
    rotating = actions.add_parser("rotate", help="make a new secret; the old one stays good for a day")
    rotating.add_argument("name")
    rotating.set_defaults(run=run_rotate)
    revoking = actions.add_parser("revoke", help="end a source's clients, effective on the next request")
    revoking.add_argument("name")
    revoking.set_defaults(run=run_revoke)
    for action in (adding, listing, rotating, revoking):
        action.add_argument("--json", action="store_true")


def run_add(options: argparse.Namespace) -> int:
    scopes = [scope for given in options.scopes for scope in given.split()]
    store = ready_store()
    made = credentials.add_source(store, options.name, options.agency, scopes, options.live_from)
    _show(options, made)
    return FINE


def run_rotate(options: argparse.Namespace) -> int:
    _show(options, credentials.rotate(ready_store(), options.name))
    return FINE


def run_revoke(options: argparse.Namespace) -> int:
    ended = credentials.revoke(ready_store(), options.name)
    print_json({"source": options.name, "revoked": ended}) if options.json else say(f"{ended} clients revoked.")
    return FINE


def run_list(options: argparse.Namespace) -> int:
    with ready_store().reading() as connection:
        found = sources.sources(connection)
    rows = [{"name": one.name, "agency": one.agency, "live_from": one.live_from} for one in found]
    if options.json:
        print_json({"items": rows, "next": None})
    else:
        print_table("Sources", ("name", "agency", "live from"), [tuple(row.values()) for row in rows])
    return FINE


def _show(options: argparse.Namespace, made: credentials.Credentials) -> None:
    if options.json:
        print_json({"source": options.name, **asdict(made)})
        return
    print_table(
        "Keep the secret now: it is not shown again", ("client_id", "client_secret"), [tuple(asdict(made).values())]
    )
