"""The lines of a file, and the batches that they are posted in."""

import hashlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from services.intake.receive import LARGEST_BATCH

LINES_AT_ONCE = 500


class FileLine(NamedTuple):
    """A line of a file: its number, from 1, and its text without the line end."""

    number: int
    text: bytes


Batch = Sequence[FileLine]


def file_lines(path: Path) -> Iterator[FileLine]:
    """The lines that hold anything; a byte order mark before the first is not part of it."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(BOM_UTF8) if number == 1 else line
            if text.strip():
                yield FileLine(number, text.rstrip(b"\r\n"))


def batches(lines: Iterable[FileLine], most_lines: int = LINES_AT_ONCE) -> Iterator[Batch]:
    """Batches in order, each within the service's limits; the same for the same lines, wherever a run begins."""
    batch: list[FileLine] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == most_lines or size + len(line.text) + 1 > LARGEST_BATCH):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.text) + 1
    if batch:
        yield batch


def idempotency_key(run: str, batch: Batch) -> str:
    """What a batch is known by: its run, where it stands in the file, and its lines."""
    digest = hashlib.sha256(f"{run}\n{batch[0].number}\n".encode())
    for line in batch:
        digest.update(line.text + b"\n")
    return digest.hexdigest()
