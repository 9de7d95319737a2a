"""Posting a file of batch lines, with a receipt for every line."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from services.sender.client import SourceClient

LINES_AT_ONCE = 500
RECEIPT = ("line", "family", "source_id", "result", "version", "sha256", "child", "rules", "problems")


def post_file(
    client: SourceClient, path: Path, receipt: Path | None = None, each: Callable[[int], None] = lambda lines: None
) -> Counter[str]:
    """Post an NDJSON file of batch lines; how many lines had each result. Raises Refused.

    `receipt` is the CSV that gets a row a line; `each` is told of lines as they are answered.
    """
    counts: Counter[str] = Counter()
    with _receipt(receipt) as write:
        done = 0
        for lines in _batches(path):
            results = client.post_batch(lines)
            write([_row(done, result) for result in results])
            counts.update(result["result"] for result in results)
            done += len(lines)
            each(len(lines))
    return counts


def _batches(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        lines = (line.rstrip("\n") for line in file)
        while some := list(islice(lines, LINES_AT_ONCE)):
            yield some


@contextmanager
def _receipt(path: Path | None) -> Iterator[Callable[[Sequence[Sequence[Any]]], None]]:
    """What adds rows to the receipt, batch by batch; the file is made anew with the first answer."""
    with ExitStack() as opened:
        writers: list[Any] = []

        def write(rows: Sequence[Sequence[Any]]) -> None:
            if path is not None and not writers:
                writers.append(csv.writer(opened.enter_context(path.open("w", encoding="utf-8", newline=""))))
                writers[0].writerow(RECEIPT)
            for writer in writers:
                writer.writerows(rows)

        yield write


def _row(done: int, result: dict[str, Any]) -> list[Any]:
    rules = sorted({remark["rule"] for remark in result["errors"] if remark.get("rule")})
    problems = "; ".join(f"{e['pointer'] or 'line'}: {e['detail']}; {e.get('hint', '')}" for e in result["errors"])
    return [done + result["line"], *(result[name] for name in RECEIPT[1:-2]), " ".join(rules), problems]
