"""Receiving batches: many changes in one request, written and linked in one transaction, answered for each line."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from services.errors import Remark, TooLarge
from services.intake import remarks
from services.intake.lines import Line, read_line
from services.intake.taking import Received, received, take
from services.store import batches
from services.store.engine import Store
from services.store.writing import Outcome, Owner, Result, Sent

MOST_LINES = 10_000
LARGEST_BATCH = 32 * 1024 * 1024
REJECTED = "rejected"
RESULTS = ("created", "replaced", "unchanged", "stale", "retracted", REJECTED)


@dataclass(frozen=True)
class Report:
    """What became of a batch: its id, when it was received, and its lines' results in order."""

    batch: str
    received_at: datetime
    results: Sequence[dict[str, Any]]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many lines had each result."""
        return dict.fromkeys(RESULTS, 0) | Counter(result["result"] for result in self.results)


class _Undone(Exception):
    """Undoes the transaction of an atomic batch with a line rejected."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.batch)
        self.report = report


def receive_batch(store: Store, owner: Owner, body: bytes, atomic: bool = False, validate_only: bool = False) -> Report:
    """Take a batch of NDJSON, or only say what would become of it; raises TooLarge.

    `atomic`: any line rejected and nothing is kept. The report is kept in any case.
    """
    lines = [read_line(text, datetime.now(UTC)) for text in _split(body)]

    def work(connection: Connection) -> Report:
        report = _write_lines(connection, owner, lines, validate_only)
        if atomic and report.counts[REJECTED]:
            raise _Undone(report)
        if not validate_only:
            _keep(connection, owner, report)
        return report

    try:
        report = store.write(work, undo=validate_only)
    except _Undone as undone:
        report = undone.report
    else:
        if not validate_only:
            return report
    with store.writing() as connection:
        _keep(connection, owner, report)
    return report


def _write_lines(connection: Connection, owner: Owner, lines: Sequence[Line], validate_only: bool) -> Report:
    batch = str(uuid4())
    sent = [Sent.by(owner, line.checked.change) for line in lines if line.checked.change]
    received_at, taken = take(connection, sent, batch, match=not validate_only)
    answers = zip(sent, taken, strict=True)
    told = (received(line.checked, *next(answers)) if line.checked.change else None for line in lines)
    results = [_result(line, answer) for line, answer in zip(lines, told, strict=True)]
    return Report(batch, received_at, results)


def _keep(connection: Connection, owner: Owner, report: Report) -> None:
    lines = [json.dumps({"line": number} | result) for number, result in enumerate(report.results, 1)]
    batches.keep(connection, owner, report.batch, report.received_at, json.dumps(report.counts), lines)


def _never_held() -> Remark:
    detail = "nothing was ever held under this source_id"
    return remarks.of_rule("SH09", "/source_id", "unknown-source-id", detail, "post the record before its retraction")


def _split(body: bytes) -> list[bytes]:
    lines = body.split(b"\n")
    if not lines[-1].strip():
        lines.pop()
    if len(lines) > MOST_LINES:
        raise TooLarge(f"A batch is at most {MOST_LINES:,} lines; nothing of it was kept")
    return lines


def _result(line: Line, received: Received | None) -> dict[str, Any]:
    outcome = received.outcome if received else None
    unknown = outcome is not None and outcome.result is Result.UNKNOWN
    errors = [_never_held()] if unknown else line.checked.errors
    taken = outcome if not unknown else None
    return {
        "family": line.family,
        "source_id": line.source_id,
        "result": _told(taken),
        "version": taken.version if taken else None,
        "sha256": taken.sha256 if taken else None,
        "child": received.child if received else None,
        "errors": [remark.as_json() for remark in errors],
        "warnings": [remark.as_json() for remark in (received.warnings if received else line.checked.warnings)],
    }


def _told(outcome: Outcome | None) -> str:
    return outcome.result.value if outcome else REJECTED
