"""kith post: a file of batch lines, or a folder of CSV or Parquet, sent over HTTP."""

import argparse
import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from services.cli.check import count_lines, refuse_missing, show_problems
from services.cli.screen import FINE, FOUND, CouldNotRun, print_counts, print_json, progress, say
from services.intake.receive import MOST_LINES
from services.sender.alone import alone
from services.sender.batches import LINES_AT_ONCE
from services.sender.client import SourceClient
from services.sender.convert import Converted, convert, unmapped
from services.sender.patience import PATIENCE, Patience, Refused
from services.sender.post import REFUSED, How, post_file
from services.sender.receipt import Receipt


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    post = commands.add_parser(
        "post",
        help="post batch lines, or a folder of CSV or Parquet; needs KITH_URL, KITH_CLIENT_ID, KITH_CLIENT_SECRET",
    )
    post.add_argument("path", type=Path)
    post.add_argument("--source", required=True, metavar="NAME")
    post.add_argument("--mapping", type=Path, metavar="CSV", help="local codes, in place of the folder's mapping.csv")
    post.add_argument("--validate-only", action="store_true", help="ask what would become of it; nothing is kept")
    post.add_argument("--patience", type=float, default=PATIENCE, metavar="SECONDS", help="%(default)g unless given")
    post.add_argument("--lines", type=_lines_at_once, default=LINES_AT_ONCE, metavar="N", help="lines a batch")
    post.add_argument("--anew", action="store_true", help="post all of it, whatever the receipt says")
    post.add_argument("--skip-faulty", action="store_true", help="of a folder, send the records with nothing wrong")
    post.add_argument("--json", action="store_true")
    post.set_defaults(run=run_post)


def run_post(options: argparse.Namespace) -> int:
    refuse_missing(options.path, options.mapping)
    try:
        with alone(options.path):
            return _post(options)
    except (Refused, httpx.RequestError) as error:
        raise CouldNotRun(
            f"Posting stopped: {error}. Run it again, and it goes on after what the receipt has."
        ) from error


def _post(options: argparse.Namespace) -> int:
    found = _batch_lines(options.path, options.mapping)
    if found.problems and not (options.skip_faulty and found.is_sendable):
        _show_problems(options, found)
        say("Nothing was sent." + (" --skip-faulty sends the other records." if found.is_sendable else ""))
        return FOUND
    kind = "validated" if options.validate_only else "receipt"
    receipt = Receipt(found.path.with_suffix(f".{kind}.csv"), found.held_back())
    how = How(options.lines, options.validate_only, options.anew)
    with (
        httpx.Client(base_url=_needed("KITH_URL"), timeout=120) as http,
        progress(f"Posting {found.path.name}", found.lines) as advance,
    ):
        patience = Patience(options.patience, say)
        client = SourceClient(http, options.source, _needed("KITH_CLIENT_ID"), _needed("KITH_CLIENT_SECRET"), patience)
        counts = post_file(client, found.path, receipt, how, advance, say)
    _show_counts(options, counts, receipt.path)
    return FOUND if REFUSED & counts.keys() else FINE


def _show_counts(options: argparse.Namespace, counts: Counter[str], receipt: Path) -> None:
    if options.json:
        print_json({"counts": counts, "receipt": str(receipt)})
    else:
        print_counts("Lines by result", counts)
        say(f"A receipt for every line is in {receipt}.")


def _show_problems(options: argparse.Namespace, found: Converted) -> None:
    if options.json:
        print_json({"counts": {}} | _problems_as_json(found))
        return
    show_problems(found.problems, not_mapped := unmapped(found.problems))
    if not_mapped:
        say(f"{found.path.with_suffix('.unmapped.csv')} has the lines to fill in.")


def _problems_as_json(found: Converted) -> dict[str, Any]:
    problems, not_mapped = map(asdict, found.problems), map(asdict, unmapped(found.problems))
    return {"problems": list(problems), "unmapped": list(not_mapped)} if found.problems else {}


def _batch_lines(path: Path, mapping: Path | None) -> Converted:
    """The batch lines to send: a file's own, or what a folder is converted into; raises CouldNotRun."""
    if not path.is_dir():
        return Converted(path, count_lines(path), ())
    with progress(f"Reading {path.name}", None) as advance:
        return convert(path, advance, mapping)


def _lines_at_once(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= MOST_LINES:
        return int(text)
    raise argparse.ArgumentTypeError(f"1 to {MOST_LINES:,}")


def _needed(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise CouldNotRun(
            f"Set {name}: the service's address is KITH_URL, the source's client KITH_CLIENT_ID and _SECRET."
        )
    return value
