"""kith check: the door and the rules over files, offline. Nothing is sent, and nothing written but what --out names."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.screen import FINE, FOUND, CouldNotRun, print_json, print_table, progress, say
from services.sender.batches import file_lines
from services.sender.convert import Unmapped, unmapped
from services.sender.problems import Problem

if TYPE_CHECKING:
    from services.inspection.file_check import FileCheck, Told
    from services.inspection.pieces import Given

SHOWN = 200
"""Rows of a table that a terminal is given."""
COLUMNS = ("file", "line", "family", "source_id", "pointer", "rule", "severity", "what_is_wrong", "how_to_fix_it")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = commands.add_parser("check", help="the same rules offline, on files; nothing is sent")
    check.add_argument("path", type=Path, help="NDJSON, a folder of it, or a folder of CSV or Parquet")
    check.add_argument("--mapping", type=Path, metavar="CSV", help="local codes, in place of the folder's mapping.csv")
    check.add_argument("--out", type=Path, metavar="CSV", help="everything wrong, a row each")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=run_check)


def run_check(options: argparse.Namespace) -> int:
    from quality.catalogue import rules
    from services.inspection.file_check import checked

    at = datetime.now(UTC)
    given, lines = _given(options.path, options.mapping, at)
    with (
        progress(f"Checking {options.path.name}", lines) as each,
        progress("Testing rules", len(rules())) as each_rule,
        checked(given.pieces, at, each, lambda: each_rule(1)) as found,
    ):
        _refuse_broken(found)
        if options.out:
            _write(options.out, _everything(given.problems, found))
        if options.json:
            _print(given.problems, found)
        else:
            _show(given.problems, found)
        return FOUND if found.refused or found.findings or given.problems else FINE


def _given(path: Path, mapping: Path | None, at: datetime) -> tuple["Given", int | None]:
    """What to check, and how many lines it has where that is known; raises CouldNotRun."""
    from services.inspection import pieces

    refuse_missing(path, mapping)
    files = pieces.lines_of(path)
    if not files:
        return pieces.of_tables(path, mapping, at), None
    if mapping:
        raise CouldNotRun("A mapping is for a folder of CSV or Parquet: batch lines have Kith's own codes.")
    return pieces.of_lines(files, at), sum(count_lines(file) for file in files)


def refuse_missing(*paths: Path | None) -> None:
    """Raise CouldNotRun where a path that is given is not there."""
    for path in paths:
        if path and not path.exists():
            raise CouldNotRun(f"There is no file {path}.")


def count_lines(path: Path) -> int:
    """The lines of a file that looks like batch lines; raises CouldNotRun."""
    lines = file_lines(path)
    first = next((line.text.strip() for line in lines), b"")
    if not first:
        raise CouldNotRun(f"{path} is empty.")
    if not first.startswith(b"{") or first == b"{":
        line = '{"family": "children", "source_id": "...", "record": {...}}'
        raise CouldNotRun(f"{path} is not NDJSON: every line is one object, as in {line}.")
    return 1 + sum(1 for _ in lines)


def _refuse_broken(found: "FileCheck") -> None:
    """Raise CouldNotRun where the check itself is at fault."""
    if found.run.crashed:
        raise CouldNotRun(f"These rules crashed: {', '.join(result.rule.code for result in found.run.crashed)}")
    if found.departures:
        raise CouldNotRun("The tables in flight depart from their contract: " + " ".join(found.departures))


def _everything(problems: Sequence[Problem], found: "FileCheck") -> Iterator[Sequence[Any]]:
    """Problems of a folder, refusals and findings, a row each in the order of COLUMNS."""
    for one in problems:
        yield one.file, one.row, one.family, one.source_id, one.column, "", "reject", one.says, one.hint
    for told in (told for some in (found.refusals(), found.found()) for told in some):
        where = (told.file, told.number, told.family, told.source_id, told.pointer)
        yield *where, told.rule, told.severity, told.says, told.hint


def _write(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    from services.inspection.report_files import csv_file

    with csv_file(path, COLUMNS) as add_row:
        for row in rows:
            add_row(dict(zip(COLUMNS, row, strict=True)))
    say(f"Everything wrong is in {path}.")


def _print(problems: Sequence[Problem], found: "FileCheck") -> None:
    from services.inspection.file_check import as_json

    of_folder = {"problems": list(map(asdict, problems)), "unmapped": list(map(asdict, unmapped(problems)))}
    print_json(as_json(found) | (of_folder if problems else {}))


def _show(problems: Sequence[Problem], found: "FileCheck") -> None:
    show_problems(problems, unmapped(problems))
    columns = ("where", "record", "rule", "what is wrong", "how to fix it")
    _show_some("Refused", columns, map(_row, found.refusals()))
    columns = ("where", "record", "rule", "what must be true, and is not", "how to fix it")
    _show_some("Findings", columns, map(_row, found.found()))
    _show_rules(found)
    say(f"{found.lines:,} lines, {found.refused:,} refused, {found.findings:,} findings.")


def _row(told: "Told") -> Sequence[Any]:
    where = f"{told.file}, {told.number:,}" if told.number else "all of it"
    record = f"{told.family}/{told.source_id}" if told.family and told.source_id else told.source_id or "the line"
    return where, record + told.pointer, told.rule, told.says, told.hint


def _show_rules(found: "FileCheck") -> None:
    """The rules that failed, and how many came to every other status; --json has each with why."""
    from services.inspection.file_check import status_of

    counts: dict[str, int] = {}
    failed = []
    for result, refused in found.by_rule():
        status = status_of(result, refused)
        counts[status] = counts.get(status, 0) + 1
        if status == "fail":
            failed.append((result.rule.code, result.denominator, result.failed, refused))
    _show_some("Rules that failed", ("rule", "tested", "failed", "lines refused"), failed)
    say("Rules: " + ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(counts.items())) + ".")


def _show_some(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table of the first rows, never holding the others."""
    some = iter(rows)
    shown = list(islice(some, SHOWN))
    if shown:
        print_table(title, columns, shown)
    more = sum(1 for _ in some)
    if more:
        say(f"{more:,} more of these; --out and --json have them all.")


def show_problems(problems: Sequence[Problem], not_mapped: Sequence[Unmapped]) -> None:
    """What is wrong with a folder of tables, unmapped codes together, each once."""
    mapped = [(one.field, one.local, one.records, one.near) for one in not_mapped]
    others = [(p.where, p.family, p.source_id, p.says, p.hint) for p in problems if not p.local]
    _show_some("Codes that nobody has mapped", ("field", "local", "records", "like"), mapped)
    _show_some(
        "What is wrong in the folder", ("where", "family", "source_id", "what is wrong", "how to fix it"), others
    )
    if mapped:
        say("Say what each is in mapping.csv.")
