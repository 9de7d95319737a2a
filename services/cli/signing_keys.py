"""kith signing-key: what Kith signs its own tokens with."""

import argparse

from services.access import signing
from services.cli.screen import FINE, print_json, say
from services.cli.service import refuse_unready
from services.settings import Settings
from services.store.engine import Store


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    signing_key = commands.add_parser("signing-key", help="change the key that tokens are signed with")
    actions = signing_key.add_subparsers(required=True, metavar="ACTION")
    rotating = actions.add_parser("rotate", help="sign with a new key; tokens of the former stay good until they end")
    rotating.add_argument(
        "--at-once", action="store_true", help="the former key is known to others: its tokens end within a minute"
    )
    rotating.add_argument("--json", action="store_true")
    rotating.set_defaults(run=run_rotate)


def run_rotate(options: argparse.Namespace) -> int:
    refuse_unready(Settings())
    key_id = signing.rotate(Store(Settings().store_url), options.at_once)
    print_json({"signing_key": key_id}) if options.json else say(f"Tokens are signed with the key {key_id} now.")
    return FINE
