"""kith post and kith check: a file of batch lines, sent or only checked."""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from services.cli.screen import FINE, FOUND, CouldNotRun, print_counts, print_json, print_table, progress, say
from services.sender.client import Refused, SourceClient
from services.sender.post import post_file

if TYPE_CHECKING:
    from services.inspection.file_check import FileCheck

SHOWN = 200
"""Rows of a table that a terminal is given."""


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
        _show_checked(checked)
    return FOUND if checked.refused or checked.findings else FINE


def _show_checked(checked: "FileCheck") -> None:
    """Refusals and findings, each with where, what must be true and how to fix it."""
    from quality.catalogue import by_code

    wrong = [(number, error) for number, line in checked.refused for error in line.checked.errors]
    refusals = [(number, e.pointer or "the line", e.rule, e.detail, e.hint) for number, e in wrong]
    found = [
        (number, f"{family}/{source_id}{pointer}", rule, by_code()[rule].says, by_code()[rule].hint)
        for number, family, source_id, rule, pointer in checked.findings
    ]
    _show("Refused", ("line", "where", "rule", "what is wrong", "how to fix it"), refusals)
    _show("Findings", ("line", "where", "rule", "what must be true, and is not", "how to fix it"), found)
    refused, findings = len(checked.refused), len(checked.findings)
    say(f"{checked.lines:,} lines, {refused:,} refused, {findings:,} findings.")


def _show(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        print_table(title, columns, rows[:SHOWN])
    if len(rows) > SHOWN:
        say(f"{len(rows) - SHOWN:,} more of these; --json has them all.")


def _show_counts(options: argparse.Namespace, counts: Counter[str], receipt: Path) -> None:
    if options.json:
        print_json({"counts": counts, "receipt": str(receipt)})
    else:
        print_counts("Lines by result", counts)
        say(f"A receipt for every line is in {receipt}.")


def _file(path: Path) -> Path:
    """The file, where it looks like batch lines; raises CouldNotRun."""
    if not path.is_file():
        raise CouldNotRun(f"There is no file {path}.")
    with path.open("rb") as file:
        first = file.readline().strip()
    if not first:
        raise CouldNotRun(f"{path} is empty, or begins with an empty line.")
    if not first.startswith(b"{") or first == b"{":
        line = '{"family": "children", "source_id": "...", "record": {...}}'
        raise CouldNotRun(f"{path} is not NDJSON: every line is one object, as in {line}.")
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
