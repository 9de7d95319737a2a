"""Posting a file of batch lines, with a receipt for every line; stopped anywhere, it goes on from there."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from services.sender.batches import LINES_AT_ONCE, Batch, batches, file_lines, idempotency_key
from services.sender.client import SourceClient, TooLarge
from services.sender.receipt import COLUMNS, NOT_SENT, Answered, NotThisRun, Receipt, Row, Run

REJECTED = "rejected"
REFUSED = frozenset((REJECTED, NOT_SENT))
"""Results that somebody has to look at."""


@dataclass(frozen=True)
class How:
    """How a file is posted: lines a batch, whether only checked, whether anew whatever was answered before."""

    lines_at_once: int = LINES_AT_ONCE
    validate_only: bool = False
    anew: bool = False


def post_file(
    client: SourceClient,
    path: Path,
    receipt: Receipt,
    how: How = How(),
    each: Callable[[int], None] = lambda lines: None,
    told: Callable[[str], None] = lambda text: None,
) -> Counter[str]:
    """Post an NDJSON file of batch lines; how many lines have each result. Raises Refused.

    `each` is told of lines as they are answered, `told` where the run begins if not at the first line.
    """
    run = Run(str(client.http.base_url), client.source, how.validate_only)
    found = _begun(receipt, run, path, how, told)
    each(found.lines)
    name = f"{run}\n{receipt.run_before()}"
    for batch in islice(batches(file_lines(path), how.lines_at_once), found.batches, None):
        for rows in _answers(client, run, name, batch):
            receipt.add(rows)
            found.counts.update(row[COLUMNS.index("result")] for row in rows)
            each(len(rows))
    return found.counts


def _begun(receipt: Receipt, run: Run, path: Path, how: How, told: Callable[[str], None]) -> Answered:
    """Where a run begins: after the last batch on the receipt, or at the first line."""
    if how.anew or not receipt.path.exists():
        return receipt.begin()
    try:
        found = receipt.answered(run, batches(file_lines(path), how.lines_at_once))
    except NotThisRun as why:
        told(f"Starting anew: {why} (the receipt before is now {receipt.before}).")
        return receipt.begin()
    if found.is_all:
        told("Every line of this file was answered before; posting all of it again.")
        return receipt.begin()
    receipt.go_on(found)
    if found.lines:
        told(f"Going on after {found.lines:,} lines that are on the receipt.")
    return found


def _answers(client: SourceClient, run: Run, name: str, batch: Batch) -> Iterator[list[Row]]:
    """The receipt's rows for a batch, in as many pieces as the service wanted it in."""
    try:
        report = client.post_batch([line.text for line in batch], idempotency_key(name, batch), run.validate_only)
    except TooLarge as why:
        if len(batch) == 1:
            yield [_row(run, batch, 0, _too_large(str(why)), "")]
            return
        half = len(batch) // 2
        yield from _answers(client, run, name, batch[:half])
        yield from _answers(client, run, name, batch[half:])
        return
    yield [_row(run, batch, place, result, report.batch) for place, result in enumerate(report.results)]


def _too_large(why: str) -> dict[str, Any]:
    return {"result": REJECTED, "errors": [{"pointer": "", "detail": f"the line is too large to post: {why}"}]}


def _row(run: Run, batch: Batch, place: int, result: dict[str, Any], batch_id: str) -> Row:
    line, errors, warnings = batch[place], result.get("errors", ()), result.get("warnings", ())
    told = [result.get(name) for name in ("family", "source_id", "result", "version", "sha256", "child")]
    rules = sorted({error["rule"] for error in errors if error.get("rule")})
    cells = (line.number, *told, " ".join(rules), _said(errors), _said(warnings), batch_id, run.fingerprint(line))
    return tuple("" if cell is None else str(cell) for cell in cells)


def _said(remarks: Sequence[dict[str, Any]]) -> str:
    """What was remarked on a line, each with where and how to mend it."""
    return "; ".join(
        ": ".join(part for part in (one.get("pointer") or "the line", one.get("detail"), one.get("hint")) if part)
        for one in remarks
    )
