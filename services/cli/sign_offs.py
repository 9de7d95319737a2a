"""kith quality sign-off: an agency vouches for what it has sent, by two people, or opens it again."""

import argparse
from typing import Any

from schemas.codelists import code_list
from schemas.registry import BY_NAME
from schemas.sign_off import ReopeningBody, SignatureBody, SignOffBody
from services.cli.screen import FINE, print_json, print_table
from services.cli.service import ready_store
from services.errors import NotFound
from services.intake import signing
from services.intake.bodies import said
from services.store import sign_offs
from services.store.engine import Store
from services.store.sign_offs import Signed

COLUMNS = ("id", "agency", "state", "families", "covers_from", "covers_to", "as_at", "changed_since", "digest")
MOST = 1000


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sign_off = actions.add_parser("sign-off", help="vouch for what an agency has sent; two people do")
    steps = sign_off.add_subparsers(required=True, metavar="STEP")
    preparing = steps.add_parser("prepare", help="freeze what was held at the last run, for another person to sign")
    preparing.add_argument("--agency", required=True, metavar="A")
    preparing.add_argument("--families", nargs="+", default=list(BY_NAME), metavar="F", help="default: all")
    preparing.add_argument("--from", dest="covers_from", required=True, metavar="DATE")
    preparing.add_argument("--to", dest="covers_to", required=True, metavar="DATE")
    preparing.set_defaults(run=run_prepare)
    signing_it = steps.add_parser("sign", help="sign what another person prepared")
    signing_it.set_defaults(run=run_sign)
    reopening = steps.add_parser("reopen", help="open again what was signed")
    reopening.add_argument("--reason", required=True, metavar="R", help=", ".join(code_list("reopening_reasons").rows))
    reopening.add_argument("--note")
    reopening.set_defaults(run=run_reopen)
    listing = steps.add_parser("list", help="the sign-offs")
    listing.add_argument("--agency", metavar="A", help="default: every agency")
    listing.set_defaults(run=run_list)
    for step in (signing_it, reopening):
        step.add_argument("id", type=int)
    for step in (preparing, signing_it, reopening):
        step.add_argument("--worker", required=True, metavar="W", help="who does it: an opaque id, never a name")
    for step in (preparing, signing_it, reopening, listing):
        step.add_argument("--json", action="store_true")


def run_prepare(options: argparse.Namespace) -> int:
    given = {name: getattr(options, name) for name in ("families", "covers_from", "covers_to", "worker")}
    store = ready_store()
    return _show(options, store, signing.prepare(store, options.agency, said(SignOffBody, given)))


def run_sign(options: argparse.Namespace) -> int:
    store = ready_store()
    signing.sign(store, _agency_of(store, options.id), options.id, said(SignatureBody, {"worker": options.worker}))
    return _show(options, store, options.id)


def run_reopen(options: argparse.Namespace) -> int:
    given = {name: getattr(options, name) for name in ("reason", "note", "worker")}
    store = ready_store()
    signing.reopen(store, _agency_of(store, options.id), options.id, said(ReopeningBody, given))
    return _show(options, store, options.id)


def run_list(options: argparse.Namespace) -> int:
    found: list[Signed] = []
    with ready_store().reading() as connection:
        while some := sign_offs.sign_offs(connection, options.agency, _last(found), MOST):
            found += some
    return _print(options, found)


def _last(found: list[Signed]) -> int:
    return found[-1].sign_off.sign_off or 0 if found else 0


def _agency_of(store: Store, number: int) -> str:
    return _found(store, number).sign_off.source_agency


def _found(store: Store, number: int) -> Signed:
    with store.reading() as connection:
        found = sign_offs.sign_off(connection, number, agency=None)
    if found is None:
        raise NotFound(f"There is no sign-off {number}")
    return found


def _show(options: argparse.Namespace, store: Store, number: int) -> int:
    return _print(options, [_found(store, number)])


def _print(options: argparse.Namespace, found: list[Signed]) -> int:
    if options.json:
        print_json({"items": [_told(one) | {"snapshot": one.snapshot.as_json()} for one in found], "next": None})
        return FINE
    rows = [_told(one) | {"families": ", ".join(one.snapshot.families)} for one in found]
    print_table("Sign-offs", COLUMNS, [tuple(row[name] for name in COLUMNS) for row in rows])
    return FINE


def _told(found: Signed) -> dict[str, Any]:
    one = found.sign_off
    told = one.model_dump(exclude={"sign_off", "source_agency", "run"})
    state = {"id": one.sign_off, "agency": one.source_agency, "state": signing.state_of(one)}
    return state | {"families": found.snapshot.families} | told | {"changed_since": found.has_changed}
