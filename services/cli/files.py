"""kith post and kith check: a file of batch lines, sent or only checked."""

import argparse
import os
from collections import Counter
from pathlib import Path

import httpx

from services.cli.screen import FINE, FOUND, CouldNotRun, print_counts, print_json, print_table, progress, say
from services.sender.client import Refused, SourceClient
from services.sender.post import post_file


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    post = commands.add_parser(
        "post", help="post a file of batch lines; needs KITH_URL, KITH_CLIENT_ID and KITH_CLIENT_SECRET"
    )
    post.add_argument("path", type=Path)
    post.add_argument("--source", required=True, metavar="NAME")
    post.add_argument("--json", action="store_true")
    post.set_defaults(run=run_post)
    check = commands.add_parser("check", help="the same rules offline; nothing is sent")
    check.add_argument("path", type=Path)
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=run_check)


def run_post(options: argparse.Namespace) -> int:
    path = _file(options.path)
    receipt = path.with_suffix(".receipt.csv")
    with httpx.Client(base_url=_needed("KITH_URL"), timeout=120) as http:
        client = SourceClient(http, options.source, _needed("KITH_CLIENT_ID"), _needed("KITH_CLIENT_SECRET"))
        with progress(f"Posting {path.name}", _count(path)) as advance:
            try:
                counts = post_file(client, path, receipt, advance)
            except (Refused, httpx.TransportError) as error:
                raise CouldNotRun(f"Posting stopped: {error}. What was answered is in {receipt}.") from error
    _show_counts(options, counts, receipt)
    return FOUND if counts["rejected"] else FINE


def run_check(options: argparse.Namespace) -> int:
    from services.inspection.file_check import as_json, check_file

    path = _file(options.path)
    with progress(f"Checking {path.name}", _count(path)) as advance:
        checked = check_file(path, advance)
    assert checked.run is not None
    if checked.run.crashed:
        raise CouldNotRun(f"These rules crashed: {', '.join(result.rule.code for result in checked.run.crashed)}")
    if checked.departures:
        raise CouldNotRun("The tables in flight depart from their contract: " + " ".join(checked.departures))
    if options.json:
        print_json(as_json(checked))
    else:
        refusals = [
            (n, e.pointer, e.rule, e.detail, e.hint) for n, line in checked.refused for e in line.checked.errors
        ]
        print_table("Refused lines", ("line", "where", "rule", "what is wrong", "how to fix it"), refusals[:100])
        print_counts("Findings by rule", checked.by_rule())
        say(f"{checked.lines:,} lines, {len(checked.refused):,} refused, {len(checked.findings):,} findings.")
    return FOUND if checked.refused or checked.findings else FINE


def _show_counts(options: argparse.Namespace, counts: Counter[str], receipt: Path) -> None:
    if options.json:
        print_json({"counts": counts, "receipt": str(receipt)})
    else:
        print_counts("Lines by result", counts)
        say(f"A receipt for every line is in {receipt}.")


def _file(path: Path) -> Path:
    if not path.is_file():
        raise CouldNotRun(f"There is no file {path}.")
    return path


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _needed(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise CouldNotRun(
            f"Set {name}: the service's address is KITH_URL, the source's client KITH_CLIENT_ID and _SECRET."
        )
    return value
