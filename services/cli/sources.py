"""kith source: who may post."""

import argparse
from dataclasses import asdict
from datetime import date
from pathlib import Path

from services.access import credentials
from services.access.scopes import DEFAULT_SCOPES, SCOPES
from services.cli.screen import FINE, print_json, print_table, say
from services.cli.service import ready_store
from services.settings import Settings
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
    rotating = actions.add_parser(
        "rotate", help="make a new client; the old one stays good for a day, if it was not revoked"
    )
    rotating.add_argument("name")
    rotating.set_defaults(run=run_rotate)
    revoking = actions.add_parser("revoke", help="end a source's clients on the next request; rotate begins anew")
    revoking.add_argument("name")
    revoking.set_defaults(run=run_revoke)
    for action in (adding, rotating):
        _add_proofs(action)
    for action in (adding, listing, rotating, revoking):
        action.add_argument("--json", action="store_true")


def _add_proofs(action: argparse.ArgumentParser) -> None:
    """What the new client proves itself with, if not with a secret."""
    proofs = action.add_mutually_exclusive_group()
    proofs.add_argument("--public-key", type=Path, metavar="FILE", help="its public key, PEM or JWK, and no secret")
    proofs.add_argument("--known-as", metavar="ID", help="its id at the issuer that KITH_ISSUER names, and no secret")


def _proof(options: argparse.Namespace) -> credentials.Proof:
    if options.public_key:
        return credentials.by_public_key(options.public_key.read_text(encoding="utf-8", errors="replace"))
    if options.known_as is not None:
        return credentials.by_issuer(Settings().issuer, options.known_as)
    return credentials.SECRET


def run_add(options: argparse.Namespace) -> int:
    scopes = [scope for given in options.scopes for scope in given.split()]
    store = ready_store()
    made = credentials.add_source(store, options.name, options.agency, scopes, options.live_from, _proof(options))
    _show(options, made)
    return FINE


def run_rotate(options: argparse.Namespace) -> int:
    _show(options, credentials.rotate(ready_store(), options.name, _proof(options)))
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
    shown = {name: value for name, value in asdict(made).items() if value}
    if options.json:
        print_json({"source": options.name, **shown})
        return
    title = "Keep the secret now: it is not shown again" if made.client_secret else "The client"
    print_table(title, tuple(shown), [tuple(shown.values())])
