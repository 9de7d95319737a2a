"""Receiving records: checked at the door, written and linked in one transaction, answered for each."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from schemas.families.children import Child
from schemas.record import Family
from schemas.registry import BY_NAME
from services.errors import Invalid, PreconditionFailed, Remark, TooLarge
from services.identity import arrival
from services.intake import remarks
from services.intake.door import Checked, check
from services.intake.strict_json import NotJson, parse
from services.store import batches, links
from services.store.engine import Store, receive_now
from services.store.writing import Outcome, Owner, Put, held_versions, put_records

MOST_LINES = 10_000
LARGEST_BATCH = 32 * 1024 * 1024
REJECTED = "rejected"
RESULTS = ("created", "replaced", "unchanged", "stale", "retracted", REJECTED)
CHILDREN = "children"


@dataclass(frozen=True)
class Received:
    """What became of one put: its outcome, the child it is about (None while waiting), how that was found."""

    outcome: Outcome
    child: str | None
    link: str | None
    warnings: Sequence[Remark]


@dataclass(frozen=True)
class Line:
    """One line of a batch as far as it could be read."""

    family: str | None = None
    source_id: str | None = None
    checked: Checked = field(default_factory=lambda: Checked(None, [], []))


def receive_record(
    store: Store, owner: Owner, family: Family, source_id: str, body: bytes, if_match: int | None = None
) -> Received:
    """Take one record; raises Invalid, or PreconditionFailed where another version than `if_match` is held."""
    checked = check(family, source_id, _parsed(body), datetime.now(UTC))
    if checked.put is None:
        raise refused(family, checked)
    with store.writing() as connection:
        _match(connection, owner, checked.put, if_match)
        (received,) = _write(connection, owner, [checked], receive_now(connection), None)
    return received


def receive_batch(store: Store, owner: Owner, body: bytes) -> tuple[str, dict[str, int]]:
    """Take a batch of NDJSON: the batch's id and how many lines had each result; raises TooLarge."""
    lines = [read_line(text, datetime.now(UTC)) for text in _split(body)]
    batch = str(uuid4())
    good = [line.checked for line in lines if line.checked.put]
    with store.writing() as connection:
        received_at = receive_now(connection)
        received = iter(_write(connection, owner, good, received_at, batch))
        results = [_result(line, next(received) if line.checked.put else None) for line in lines]
        counts = dict.fromkeys(RESULTS, 0) | Counter(result["result"] for result in results)
        kept = [json.dumps({"line": number} | result) for number, result in enumerate(results, 1)]
        batches.keep(connection, owner, batch, received_at, json.dumps(counts), kept)
    return batch, counts


def read_line(text: bytes, at: datetime) -> Line:
    """Read and check one line of a batch."""
    try:
        line = parse(text)
    except NotJson as error:
        return _unreadable(str(error))
    problems = list(_line_problems(line))
    if problems:
        known = line if isinstance(line, dict) else {}
        return Line(_text(known.get("family")), _text(known.get("source_id")), Checked(None, problems, []))
    family, source_id, record = line["family"], line["source_id"], line["record"]
    return Line(family, source_id, check(BY_NAME[family], source_id, record, at))


def refused(family: Family, checked: Checked) -> Invalid:
    """The problem that a refused record is answered with."""
    count = len(checked.errors)
    thing = "problem" if count == 1 else "problems"
    title = f"{count} {thing} in this {family.singular}"
    return Invalid(title, errors=checked.errors, warnings=checked.warnings)


def child_of(
    connection: Connection, owner: Owner, family: Family, source_id: str, record: Mapping[str, Any]
) -> str | None:
    """The child that a held record is about now; None while it waits."""
    own_id = source_id if family.name == CHILDREN else record.get("child")
    found = links.links_of(connection, owner, [own_id] if own_id else [])
    return found[own_id][0] if own_id in found else None


def _parsed(body: bytes) -> Any:
    try:
        return parse(body)
    except NotJson as error:
        raise Invalid("The body is not a record", errors=[_malformed(str(error))]) from None


def _match(connection: Connection, owner: Owner, put: Put, if_match: int | None) -> None:
    if if_match is None:
        return
    held = held_versions(connection, owner, [put.key]).get(put.key, 0)
    if held != if_match:
        raise PreconditionFailed(headers={"ETag": f'"{held}"'} if held else {})


def _write(
    connection: Connection, owner: Owner, checked: Sequence[Checked], received_at: datetime, batch: str | None
) -> list[Received]:
    puts = [one.put for one in checked if one.put]
    outcomes = put_records(connection, owner, puts, received_at, batch)
    arrival.link(connection, owner, list(_arrived(puts, outcomes)), received_at)
    found = links.links_of(connection, owner, (child for put in puts if (child := _child_id(put))))
    told = zip(checked, puts, outcomes, strict=True)
    return [_received(one, put, outcome, found) for one, put, outcome in told]


def _arrived(puts: Iterable[Put], outcomes: Iterable[Outcome]) -> Iterator[tuple[str, Child]]:
    for put, outcome in zip(puts, outcomes, strict=True):
        if outcome.accepted and isinstance(put.record, Child):
            yield put.source_id, put.record


def _child_id(put: Put) -> str | None:
    """The source's own id of the child that a record is about."""
    own_id: str | None = put.source_id if put.family.name == CHILDREN else getattr(put.record, "child", None)
    return own_id


def _received(checked: Checked, put: Put, outcome: Outcome, found: Mapping[str, tuple[str, str]]) -> Received:
    child_id = _child_id(put)
    child, how = found.get(child_id or "", (None, None))
    warnings = list(checked.warnings)
    if child_id is not None and child is None:
        warnings.append(_waits())
    if outcome.same_instant:
        warnings.append(_same_instant())
    return Received(outcome, child, arrival.TOLD[how] if how and put.family.name == CHILDREN else None, warnings)


def _waits() -> Remark:
    detail = "no children record with this id has arrived from this source; the record is kept and waits for it"
    return Remark("/child", "child-not-yet-known", None, detail, "post the children record under the same id")


def _same_instant() -> Remark:
    detail = "a different content was recorded at the same instant; this one, being new, took its place"
    return Remark("/recorded_at", "same-recorded-at", None, detail, "give each change its own recorded_at")


def _split(body: bytes) -> list[bytes]:
    lines = body.split(b"\n")
    if not lines[-1].strip():
        lines.pop()
    if len(lines) > MOST_LINES:
        raise TooLarge(f"A batch is at most {MOST_LINES:,} lines; nothing of it was kept")
    return lines


def _line_problems(line: Any) -> Iterator[Remark]:
    if not isinstance(line, dict):
        yield _malformed("a line is one JSON object")
        return
    for name in sorted({"family", "source_id", "record"} - line.keys()):
        yield remarks.of_rule("SH02", remarks.pointer_of([name]), "missing", f"the line has no {name}")
    for name in sorted(line.keys() - {"family", "source_id", "record"}):
        yield remarks.of_rule("SH03", remarks.pointer_of([name]), "unknown-field", "a line has no such member")
    if "family" in line and _text(line["family"]) not in BY_NAME:
        families = ", ".join(BY_NAME)
        yield remarks.of_rule("SH09", "/family", "unknown-family", "there is no such family", f"one of {families}")
    if "source_id" in line and not isinstance(line["source_id"], str):
        yield remarks.of_rule("SH09", "/source_id", "bad-source-id", "a source_id is text")


def _unreadable(why: str) -> Line:
    return Line(checked=Checked(None, [_malformed(why)], []))


def _malformed(why: str) -> Remark:
    return remarks.of_rule("SH01", "", "malformed", f"this is not JSON as the contract takes it: {why}")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _result(line: Line, received: Received | None) -> dict[str, Any]:
    outcome = received.outcome if received else None
    return {
        "family": line.family,
        "source_id": line.source_id,
        "result": outcome.result if outcome else REJECTED,
        "version": outcome.version if outcome else None,
        "sha256": outcome.sha256 if outcome else None,
        "child": received.child if received else None,
        "errors": [remark.as_json() for remark in line.checked.errors],
        "warnings": [remark.as_json() for remark in (received.warnings if received else line.checked.warnings)],
    }
