"""Receiving changes: checked at the door, written and linked in one transaction, answered for each."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from schemas.families.children import Child
from schemas.record import Family
from services.errors import Invalid, NotFound, PreconditionFailed, Remark, TooLarge
from services.identity import arrival
from services.intake import remarks
from services.intake.door import Checked, check, check_retraction
from services.intake.lines import Line, malformed, read_lines
from services.intake.strict_json import NotJson, parse
from services.store import batches, links
from services.store.engine import Store, announce, clock
from services.store.writing import (
    Change,
    Outcome,
    Owner,
    Put,
    Result,
    Retraction,
    held_versions,
    lock_heads,
    write_changes,
)

MOST_LINES = 10_000
LARGEST_BATCH = 32 * 1024 * 1024
REJECTED = "rejected"
RESULTS = ("created", "replaced", "unchanged", "stale", "retracted", REJECTED)


@dataclass(frozen=True)
class Received:
    """What became of one change: its outcome, the child it is about (None while waiting), how that was found."""

    outcome: Outcome
    child: str | None
    link: str | None
    warnings: Sequence[Remark]


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


def receive_record(
    store: Store,
    owner: Owner,
    family: Family,
    source_id: str,
    body: bytes,
    if_match: int | None = None,
    validate_only: bool = False,
) -> Received:
    """Take one record, or only say what would become of it.

    Raises Invalid, or PreconditionFailed where another version than `if_match` is held.
    """
    checked = check(family, source_id, _parsed(body), datetime.now(UTC))
    return _receive_one(store, owner, family, checked, if_match, validate_only)


def receive_retraction(store: Store, owner: Owner, family: Family, source_id: str, body: bytes) -> Received:
    """Take one retraction; raises Invalid, or NotFound where nothing was ever held under the key."""
    checked = check_retraction(family, source_id, _parsed(body), datetime.now(UTC))
    received = _receive_one(store, owner, family, checked)
    if received.outcome.result is Result.UNKNOWN:
        raise NotFound
    return received


def receive_batch(store: Store, owner: Owner, body: bytes, atomic: bool = False, validate_only: bool = False) -> Report:
    """Take a batch of NDJSON, or only say what would become of it; raises TooLarge.

    `atomic`: any line rejected and nothing is kept. The report is kept in any case.
    """
    lines = list(read_lines(_split(body)))
    try:
        with _transaction(store, validate_only) as connection:
            report = _write_lines(connection, owner, lines, validate_only)
            if atomic and report.counts[REJECTED]:
                raise _Undone(report)
            if not validate_only:
                _keep(connection, owner, report)
                return report
    except _Undone as undone:
        report = undone.report
    with store.writing() as connection:
        _keep(connection, owner, report)
    return report


def _write_lines(connection: Connection, owner: Owner, lines: Sequence[Line], validate_only: bool) -> Report:
    batch = str(uuid4())
    good = [line.checked for line in lines if line.checked.change]
    received_at, answers = _write(connection, owner, good, batch, match=not validate_only)
    received = iter(answers)
    results = [_result(line, next(received) if line.checked.change else None) for line in lines]
    return Report(batch, received_at, results)


def _keep(connection: Connection, owner: Owner, report: Report) -> None:
    lines = [json.dumps({"line": number} | result) for number, result in enumerate(report.results, 1)]
    batches.keep(connection, owner, report.batch, report.received_at, json.dumps(report.counts), lines)


def _transaction(store: Store, validate_only: bool) -> AbstractContextManager[Connection]:
    return store.trying() if validate_only else store.writing()


def child_of(
    connection: Connection, owner: Owner, family: Family, source_id: str, record: Mapping[str, Any]
) -> str | None:
    """The child that a held record is about now; None while it waits."""
    own_id = source_id if family.is_child else record.get("child")
    found = links.links_of(connection, owner, [own_id] if own_id else [])
    return found[own_id][0] if own_id in found else None


def _receive_one(
    store: Store,
    owner: Owner,
    family: Family,
    checked: Checked,
    if_match: int | None = None,
    validate_only: bool = False,
) -> Received:
    if checked.change is None:
        raise refused(family, checked)
    with _transaction(store, validate_only) as connection:
        _match(connection, owner, checked.change, if_match)
        _, (received,) = _write(connection, owner, [checked], None, match=not validate_only)
    return received


def refused(family: Family, checked: Checked) -> Invalid:
    """The problem that a refused change is answered with."""
    count = len(checked.errors)
    thing = "problem" if count == 1 else "problems"
    title = f"{count} {thing} in this {family.singular}"
    return Invalid(title, errors=checked.errors, warnings=checked.warnings)


def _parsed(body: bytes) -> Any:
    try:
        return parse(body)
    except NotJson as error:
        raise Invalid("The body is not a record", errors=[malformed(str(error))]) from None


def _match(connection: Connection, owner: Owner, change: Change, if_match: int | None) -> None:
    if if_match is None:
        return
    held = held_versions(connection, owner, [change.key]).get(change.key, 0)
    if held != if_match:
        raise PreconditionFailed(headers={"ETag": f'"{held}"'} if held else {})


def _write(
    connection: Connection, owner: Owner, checked: Sequence[Checked], batch: str | None, match: bool = True
) -> tuple[datetime, list[Received]]:
    """Write changes and, to `match`, link them: when they were received, and what became of each.

    Locks are taken in the order keys, identifiers; then the clock is read.
    """
    changes = [one.change for one in checked if one.change]
    announce(connection)
    heads = lock_heads(connection, owner, changes)
    arrival.lock_identities(connection, [one.record for one in changes if isinstance(one, Put)])
    received_at = clock(connection)
    outcomes = write_changes(connection, owner, changes, heads, received_at, batch)
    if match:
        arrival.link(connection, owner, list(_arrived(changes, outcomes)), received_at)
    found = links.links_of(connection, owner, (child for change in changes if (child := _child_id(change))))
    told = zip(checked, changes, outcomes, strict=True)
    return received_at, [_received(one, change, outcome, found) for one, change, outcome in told]


def _arrived(changes: Iterable[Change], outcomes: Iterable[Outcome]) -> Iterator[arrival.Arrived]:
    """The children records that came or went, in their order."""
    for change, outcome in zip(changes, outcomes, strict=True):
        if outcome.accepted and change.family.is_child:
            if isinstance(change, Put):
                assert isinstance(change.record, Child)
                yield arrival.Arrived(change.source_id, change.record)
            else:
                yield arrival.Arrived(change.source_id, None, change.replaced_by)


def _child_id(change: Change) -> str | None:
    """The source's own id of the child that a change is about; of a retraction, only where it is the child's."""
    if isinstance(change, Put):
        return change.family.child_of(change.source_id, change.record)
    return change.source_id if change.family.is_child else None


def _received(checked: Checked, change: Change, outcome: Outcome, found: Mapping[str, tuple[str, str]]) -> Received:
    child_id = _child_id(change)
    child, how = found.get(child_id or "", (None, None))
    warnings = list(checked.warnings)
    if isinstance(change, Retraction):
        return Received(outcome, child, None, warnings)
    if child_id is not None and child is None:
        warnings.append(_waits())
    if outcome.same_instant:
        warnings.append(_same_instant())
    return Received(outcome, child, arrival.TOLD[how] if how and change.family.is_child else None, warnings)


def _waits() -> Remark:
    detail = "no children record with this id has arrived from this source; the record is kept and waits for it"
    return Remark("/child", "child-not-yet-known", None, detail, "post the children record under the same id")


def _same_instant() -> Remark:
    detail = "a different content was recorded at the same instant; this one, being new, took its place"
    return Remark("/recorded_at", "same-recorded-at", None, detail, "give each change its own recorded_at")


def _never_held() -> Remark:
    detail = "nothing was ever held under this source_id"
    return remarks.of_rule("SH09", "/source_id", "unknown-source-id", detail, "post the record before its retraction")


def _split(body: bytes) -> list[bytes]:
    lines = body.split(b"\n", MOST_LINES + 1)
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
