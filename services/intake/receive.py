"""Receiving batches: many changes in one request, written and linked in one transaction, answered for each line."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Connection

from services.errors import Remark
from services.intake import remarks
from services.intake.lines import Line, Named, read_lines, split_lines
from services.intake.repeats import REPORT_KEPT, VALIDATION_KEPT, Asked, first_answer
from services.intake.taking import Received, received, take
from services.store import batches
from services.store.batches import Answered
from services.store.engine import Store
from services.store.links import ChildId, links_of
from services.store.tables import Batch
from services.store.writing import Key, Known, Outcome, Owner, Result, Sent, brought_by_lines

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


def receive_batch(
    store: Store,
    owner: Owner,
    body: bytes,
    atomic: bool = False,
    validate_only: bool = False,
    key: str | None = None,
) -> Answered:
    """Take a batch of NDJSON, or only say what would become of it; under a key, once only.

    `atomic`: any line rejected and nothing is kept. The report is kept in any
    case. Raises TooLarge and IdempotencyKeyReused.
    """
    texts = split_lines(body, MOST_LINES)
    lines = read_lines(texts, None if validate_only else partial(_brought, store, owner))
    asked, batch = Asked(body, atomic, validate_only, key), str(uuid4())

    def work(connection: Connection) -> Answered:
        if first := first_answer(connection, owner, asked, batch):
            return first
        with connection.begin_nested() as attempt:
            report = _write_lines(connection, owner, lines, batch, validate_only)
            if validate_only or (atomic and report.counts[REJECTED]):
                attempt.rollback()
        _keep(connection, owner, report, validate_only)
        return Answered(batch, report.counts)

    return store.write(work)


def _brought(store: Store, owner: Owner, named: Sequence[Named]) -> dict[Named, Known]:
    with store.glance() as connection:
        lines = [(Key(owner.agency, owner.source, *name), digest) for name, digest in named]
        found = brought_by_lines(connection, lines)
    return {((key.family, key.source_id), digest): known for (key, digest), known in found.items()}


def _write_lines(
    connection: Connection, owner: Owner, lines: Sequence[Line], batch: str, validate_only: bool
) -> Report:
    sent = [Sent.by(owner, line.checked.change, line_sha256=line.sha256) for line in lines if line.checked.change]
    received_at, taken = take(connection, sent, batch, match=not validate_only)
    answers = zip(sent, taken, strict=True)
    told = [received(line.checked, *next(answers)) if line.checked.change else None for line in lines]
    same = [(owner, line.same.child_id) for line in lines if line.same and line.same.child_id]
    found = links_of(connection, same)
    results = [_known(owner, line, found) or _result(line, answer) for line, answer in zip(lines, told, strict=True)]
    return Report(batch, received_at, results)


def _known(owner: Owner, line: Line, found: Mapping[ChildId, tuple[str, str]]) -> dict[str, Any] | None:
    """The result of a line that brought what is held already, or an earlier version of it; None of any other."""
    if line.same is None:
        return None
    child, _ = found.get((owner, line.same.child_id or ""), (None, None))
    result = Result.UNCHANGED if line.same.is_current else Result.STALE
    outcome = Outcome(result, line.same.version, line.same.sha256)
    return _result(line, Received(outcome, child, None, []))


def _keep(connection: Connection, owner: Owner, report: Report, is_validation: bool) -> None:
    lines = (orjson.dumps({"line": number, **result}) for number, result in enumerate(report.results, 1))
    kept = Batch(
        batch=report.batch,
        source_agency=owner.agency,
        source=owner.source,
        received_at=report.received_at,
        kept_until=report.received_at + (VALIDATION_KEPT if is_validation else REPORT_KEPT),
        is_validation=is_validation,
        counts=json.dumps(report.counts),
        results=b"".join(b"%b\n" % line for line in lines).decode(),
    )
    batches.keep(connection, kept)


def _never_held() -> Remark:
    detail = "nothing was ever held under this source_id"
    return remarks.of_rule("SH09", "/source_id", "unknown-source-id", detail, "post the record before its retraction")


def _erased() -> Remark:
    detail = "the record was erased, and this was recorded before that"
    return Remark("", "erased", None, detail, "take it out of what you send; what is recorded from now on is taken")


REFUSED: Mapping[Result, Callable[[], Remark]] = {Result.UNKNOWN: _never_held, Result.ERASED: _erased}
"""What a line is told that the door let in and the store did not."""


def _result(line: Line, received: Received | None) -> dict[str, Any]:
    outcome = received.outcome if received else None
    refusal = REFUSED.get(outcome.result) if outcome else None
    errors = [refusal()] if refusal else line.checked.errors
    taken = outcome if not refusal else None
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
