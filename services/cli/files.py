"""kith post and kith check: a file of batch lines or a folder of CSV, sent or only checked."""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from services.cli.screen import FINE, FOUND, CouldNotRun, print_counts, print_json, print_table, progress, say
from services.errors import Remark
from services.intake.lines import Line
from services.intake.receive import MOST_LINES
from services.sender.alone import alone
from services.sender.batches import LINES_AT_ONCE, file_lines
from services.sender.client import SourceClient
from services.sender.convert import Converted, convert
from services.sender.patience import PATIENCE, Patience, Refused
from services.sender.post import REFUSED, How, post_file
from services.sender.receipt import Receipt

if TYPE_CHECKING:
    from services.inspection.file_check import FileCheck

SHOWN = 200
"""Rows of a table that a terminal is given."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    post = commands.add_parser(
        "post",
        help="post a file of batch lines, or a folder of CSV; needs KITH_URL, KITH_CLIENT_ID, KITH_CLIENT_SECRET",
    )
    post.add_argument("path", type=Path)
    post.add_argument("--source", required=True, metavar="NAME")
    post.add_argument("--validate-only", action="store_true", help="ask what would become of it; nothing is kept")
    post.add_argument("--patience", type=float, default=PATIENCE, metavar="SECONDS", help="%(default)g unless given")
    post.add_argument("--lines", type=_lines_at_once, default=LINES_AT_ONCE, metavar="N", help="lines a batch")
    post.add_argument("--anew", action="store_true", help="post all of it, whatever the receipt says")
    post.add_argument("--skip-faulty", action="store_true", help="of a folder, send the records with nothing wrong")
    post.add_argument("--json", action="store_true")
    post.set_defaults(run=run_post)
    check = commands.add_parser("check", help="the same rules offline; nothing is sent")
    check.add_argument("path", type=Path)
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=run_check)


def run_post(options: argparse.Namespace) -> int:
    _refuse_missing(options.path)
    try:
        with alone(options.path):
            return _post(options)
    except (Refused, httpx.RequestError) as error:
        raise CouldNotRun(
            f"Posting stopped: {error}. Run it again, and it goes on after what the receipt has."
        ) from error


def _post(options: argparse.Namespace) -> int:
    found = _batch_lines(options.path)
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


def run_check(options: argparse.Namespace) -> int:
    from services.inspection.file_check import as_json, check_file

    _refuse_missing(options.path)
    found = _batch_lines(options.path)
    with progress(f"Checking {found.path.name}", found.lines) as advance:
        checked = check_file(found.path, advance)
    assert checked.run is not None
    if checked.run.crashed:
        raise CouldNotRun(f"These rules crashed: {', '.join(result.rule.code for result in checked.run.crashed)}")
    if checked.departures:
        raise CouldNotRun("The tables in flight depart from their contract: " + " ".join(checked.departures))
    if options.json:
        print_json(as_json(checked) | _problems_as_json(found))
    else:
        _show_problems(options, found)
        _show_checked(checked)
    return FOUND if checked.refused or checked.findings or found.problems else FINE


def _show_checked(checked: "FileCheck") -> None:
    """Refusals and findings, each with where, what must be true and how to fix it."""
    from quality.catalogue import by_code

    wrong = [(number, line, error) for number, line in checked.refused for error in line.checked.errors]
    refusals = [(number, _where(line, e), e.rule, e.detail, e.hint) for number, line, e in wrong]
    found = [
        (number, f"{family}/{source_id}{pointer}", rule, by_code()[rule].says, by_code()[rule].hint)
        for number, family, source_id, rule, pointer in checked.findings
    ]
    _show("Refused", ("line", "where", "rule", "what is wrong", "how to fix it"), refusals)
    _show("Findings", ("line", "where", "rule", "what must be true, and is not", "how to fix it"), found)
    refused, findings = len(checked.refused), len(checked.findings)
    say(f"{checked.lines:,} lines, {refused:,} refused, {findings:,} findings.")


def _where(line: Line, error: Remark) -> str:
    return f"{line.family}/{line.source_id}{error.pointer}" if line.source_id else error.pointer or "the line"


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


def _show_problems(options: argparse.Namespace, found: Converted) -> None:
    """What is wrong with a folder, unmapped codes together, each once."""
    if options.json:
        print_json({"counts": {}} | _problems_as_json(found))
        return
    unmapped = [(one.field, one.local, one.records, one.near) for one in found.unmapped()]
    others = [(p.where, p.family, p.source_id, p.says, p.hint) for p in found.problems if not p.local]
    _show("Codes that nobody has mapped", ("field", "local", "records", "like"), unmapped)
    _show("What is wrong in the folder", ("where", "family", "source_id", "what is wrong", "how to fix it"), others)
    if unmapped:
        say(f"Say what each is in mapping.csv; {found.path.with_suffix('.unmapped.csv')} has the lines to fill in.")


def _problems_as_json(found: Converted) -> dict[str, Any]:
    problems, unmapped = map(asdict, found.problems), map(asdict, found.unmapped())
    return {"problems": list(problems), "unmapped": list(unmapped)} if found.problems else {}


def _refuse_missing(path: Path) -> None:
    if not path.exists():
        raise CouldNotRun(f"There is no file {path}.")


def _batch_lines(path: Path) -> Converted:
    """The batch lines to send or check: a file's own, or what a folder is converted into; raises CouldNotRun."""
    if not path.is_dir():
        return Converted(_file(path), _count(path), ())
    with progress(f"Reading {path.name}", None) as advance:
        return convert(path, advance)


def _file(path: Path) -> Path:
    """The file, where it looks like batch lines; raises CouldNotRun."""
    first = next((line.text.strip() for line in file_lines(path)), b"")
    if not first:
        raise CouldNotRun(f"{path} is empty.")
    if not first.startswith(b"{") or first == b"{":
        line = '{"family": "children", "source_id": "...", "record": {...}}'
        raise CouldNotRun(f"{path} is not NDJSON: every line is one object, as in {line}.")
    return path


def _count(path: Path) -> int:
    return sum(1 for _ in file_lines(path))


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
