"""Checking a file offline: the door's verdict on every line, then the catalogue over what would be kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from quality.catalogue import by_code, rules
from quality.functions import local_date
from quality.rule import Rule, Steady
from quality.run import Run, run
from quality.workspace import Held, add_records, create
from schemas.registry import FAMILIES
from services.extracts.in_flight import frame_problems
from services.intake.lines import Line, read_line
from services.sender.batches import file_lines
from services.store.writing import Put, Retraction

NOBODY = "this-file"


@dataclass
class FileCheck:
    """What a file's lines would be told: refused lines with their errors, findings on the others."""

    lines: int = 0
    refused: list[tuple[int, Line]] = field(default_factory=list)
    kept: dict[tuple[str, str], tuple[int, Put]] = field(default_factory=dict)
    run: Run | None = None
    departures: list[str] = field(default_factory=list)
    """Where a table that the records make departs from its typed contract; a fault of Kith's, not of the file."""
    findings: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    """Line, family, source_id, rule, pointer."""

    def by_rule(self) -> Counter[str]:
        return Counter(rule for _, _, _, rule, _ in self.findings)


def check_file(path: Path, each: Callable[[int], None] = lambda lines: None) -> FileCheck:
    """Check an NDJSON file of batch lines; nothing is sent."""
    at = datetime.now(UTC)
    checked = FileCheck()
    for number, text in file_lines(path):
        _take(checked, number, read_line(text, at))
        each(1)
    connection = duckdb.connect()
    create(connection)
    for family in FAMILIES:
        puts = ((n, put) for n, put in checked.kept.values() if put.family is family)
        add_records(connection, family, ((_held(n, put, at), put.record) for n, put in puts))
    checked.departures = frame_problems(connection)
    checked.run = run(connection, rules(), local_date(at), skip=_looks_back)
    checked.findings = list(_findings(connection, checked.kept.values()))
    return checked


def _looks_back(rule: Rule) -> str:
    return "a file holds no earlier versions" if isinstance(rule.logic, Steady) else ""


def _take(checked: FileCheck, number: int, line: Line) -> None:
    """Keep a line's record; of several under one key, the one recorded last."""
    checked.lines += 1
    put = line.checked.change
    if put is None:
        checked.refused.append((number, line))
        return
    key = (put.family.name, put.source_id)
    if isinstance(put, Retraction):
        checked.kept.pop(key, None)
        return
    held = checked.kept.get(key)
    if held is None or held[1].record.recorded_at <= put.record.recorded_at:
        checked.kept[key] = (number, put)


def _held(number: int, put: Put, at: datetime) -> Held:
    return Held(number, NOBODY, NOBODY, put.source_id, 1, at, put.family.child_of(put.source_id, put.record))


def _findings(
    connection: duckdb.DuckDBPyConnection, kept: Iterable[tuple[int, Put]]
) -> Iterator[tuple[int, str, str, str, str]]:
    by_line = dict(kept)
    found = connection.execute("SELECT CAST(record_key AS BIGINT), rule, pointer FROM failure ORDER BY ALL").fetchall()
    for number, rule, pointer in found:
        put = by_line[number]
        yield number, put.family.name, put.source_id, rule, pointer


def as_json(checked: FileCheck) -> dict[str, Any]:
    """A check as the command line prints it."""
    refused = [
        {"line": number, "source_id": line.source_id, "errors": [error.as_json() for error in line.checked.errors]}
        for number, line in checked.refused
    ]
    findings = [
        {"line": n, "family": f, "source_id": s, "rule": r, "severity": by_code()[r].severity, "pointer": p}
        for n, f, s, r, p in checked.findings
    ]
    return {"lines": checked.lines, "refused": refused, "findings": findings}
