"""kith audit: key, seal, export, verify, who-received."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from services.access import checkpoints, verification
from services.access.checkpoint_keys import PublicKeys, make_key, private_key, public_keys
from services.access.verification import Report
from services.cli.screen import FINE, FOUND, CouldNotRun, print_json, print_table, say
from services.cli.service import refuse_unready
from services.errors import StoreBehind
from services.settings import Settings
from services.store import audit, chains, seals
from services.store.engine import Store


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("audit", help="seal, export and verify the audit and the journal; who received what")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("key", help="make the key that exports are signed with").set_defaults(run=run_key)
    actions.add_parser("seal", help="seal what is not sealed yet").set_defaults(run=run_seal)
    _add_export(actions.add_parser("export", help="write a signed checkpoint of every chain"))
    _add_verify(actions.add_parser("verify", help="compare the store, or an export alone, with what was sealed"))
    asking = actions.add_parser("who-received", help="the children whose addresses a worker or source received")
    whom = asking.add_mutually_exclusive_group(required=True)
    whom.add_argument("--worker", metavar="W", help="a worker's opaque id; the answer names the agency")
    whom.add_argument("--source", metavar="S", help="a source's name")
    asking.add_argument("--since", type=_instant, required=True, metavar="T", help="as in 2026-03-01T00:00:00Z")
    asking.add_argument("--json", action="store_true")
    asking.set_defaults(run=run_who_received)


def _add_export(export: argparse.ArgumentParser) -> None:
    export.add_argument("--out", type=Path, metavar="DIR", help="default: KITH_AUDIT_EXPORTS")
    export.add_argument("--full", action="store_true", help="with every sealed entry, to be verified without the store")
    export.add_argument("--restored", action="store_true", help="go on after a restore: what it lost is signed as lost")
    export.set_defaults(run=run_export)


def _add_verify(verify: argparse.ArgumentParser) -> None:
    verify.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="the exports; default: KITH_AUDIT_EXPORTS")
    verify.add_argument("--offline", action="store_true", help="from the exports alone; so is a folder full-NUMBER")
    verify.add_argument("--key", type=Path, action="append", default=[], metavar="FILE", help="a public key to trust")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(run=run_verify)


def _instant(given: str) -> datetime:
    found = datetime.fromisoformat(given)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("an instant has its offset, as in 2026-03-01T00:00:00Z")
    return found


def run_key(options: argparse.Namespace) -> int:
    path = Settings().signing_key
    public = make_key(path)
    say(f"The private key is {path}: keep a copy where the store's backups are not.")
    say(f"The public key is {public}: give it to whoever verifies exports.")
    return FINE


def run_seal(options: argparse.Namespace) -> int:
    with _opened() as store:
        say(f"{seals.seal(store):,} entries sealed.")
    return FINE


def run_export(options: argparse.Namespace) -> int:
    settings = Settings()
    key, folder = private_key(settings.signing_key), options.out or settings.exports
    try:
        with _opened() as store:
            seals.seal(store)
            made = checkpoints.export(store, folder, key, is_restored=options.restored, is_full=options.full)
    except StoreBehind:
        say("The store no longer has what was exported before: kith audit verify says from where on.")
        say("If it was restored, kith audit export --restored goes on from there, and says so under signature.")
        return FOUND
    say(f"Export {made.number}: {len(made.heads)} chains, in {folder}.")
    return FINE


def run_verify(options: argparse.Namespace) -> int:
    folder = options.folder or Settings().exports
    if options.folder and not folder.is_dir():
        raise CouldNotRun(f"There is no folder {folder}.")
    keys = _keys(options.key, folder)
    if options.offline or verification.is_full(folder):
        report = verification.of_export(folder, keys)
    else:
        with _opened() as store:
            report = verification.of_store(store, folder, keys)
    print_json(_as_json(report)) if options.json else _show(report)
    return FINE if report.is_fine else FOUND


def _keys(given: Sequence[Path], folder: Path) -> PublicKeys:
    """The keys named; else our own; else those in the folder, which whoever changed an export could swap."""
    own = Settings().signing_key.with_suffix(".pub")
    if given or own.exists():
        return public_keys(given or [own])
    if keys := checkpoints.keys_in(folder):
        say("Signatures are held against the keys in the folder itself: name the ones you trust with --key.")
    return keys


def _as_json(report: Report) -> dict[str, Any]:
    walked = report.verified
    counts = {"sealed": walked.sealed_counts, "not_sealed_yet": walked.unsealed_counts} if walked else None
    return {
        "result": "fine" if report.is_fine else "tampered",
        "entries": counts,
        "seals": sum(len(chain) for chain in walked.chains.values()) if walked else None,
        "exports": len(report.exports),
        "broken": [asdict(one) for one in report.broken],
        "spoilt_exports": [asdict(one) for one in report.spoilt],
        "missing": [asdict(one) | {"says": one.says} for one in report.missing],
        "restored": [asdict(one) for one in walked.restored] if walked else [],
    }


def _show(report: Report) -> None:
    """The report for a person."""
    found: list[tuple[Any, ...]] = [(one.log, one.agency, one.seal, _range(one), one.says) for one in report.broken]
    found += [(one.log, one.agency, one.exported_seal, None, one.says) for one in report.missing]
    found += [("exports", None, None, one.export, one.says) for one in report.spoilt]
    if found:
        print_table("Not as it was sealed", ("log", "agency", "seal", "entries", "what"), found)
    if walked := report.verified:
        for one in walked.restored:
            say(f"{one.log} of {one.agency}: between seal {one.seal - 1} and the next, the database became another.")
        sealed, waiting = sum(walked.sealed_counts.values()), sum(walked.unsealed_counts.values())
        say(f"{sealed:,} entries sealed, {waiting:,} not sealed yet, {len(report.exports)} exports.")
    if not report.exports:
        say("There is no export to compare with: a log cut short together with its seals would not be seen.")
    say("Nothing was changed." if report.is_fine else "Something was changed.")


def _range(one: chains.Broken) -> str:
    return f"{one.first_entry}-{one.last_entry}"


def run_who_received(options: argparse.Namespace) -> int:
    with _opened() as store, store.reading() as connection:
        found = audit.received(connection, options.since, worker=options.worker, source=options.source)
    if options.json:
        print_json({"items": [asdict(one) for one in found], "next": None})
        return FINE
    rows = [(one.agency, one.child, one.times, one.first_at, one.last_at) for one in found]
    print_table(f"Addresses of {len(found):,} children", ("agency", "child", "times", "first", "last"), rows)
    return FINE


@contextmanager
def _opened() -> Iterator[Store]:
    refuse_unready(Settings())
    store = Store(Settings().store_url)
    try:
        yield store
    finally:
        store.close()
