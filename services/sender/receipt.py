"""The receipt: a CSV with a row for every line answered, from which a later run knows where to go on.

A row ends where its line of text does (no cell holds a line break), so that what
a power cut left of a row is seen and cut off. `sent` is a hash of the line, of
the source and of the service, so that a receipt is never taken for another's.
"""

import csv
import hashlib
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from services.sender.batches import Batch, FileLine

COLUMNS = (
    "line",
    "family",
    "source_id",
    "result",
    "version",
    "sha256",
    "child",
    "rules",
    "problems",
    "warnings",
    "batch",
    "sent",
)
RESULT, SENT = COLUMNS.index("result"), COLUMNS.index("sent")
LONGEST_CELL = 8_000
"""Characters; what a refused line called itself may be any text of any length."""
NOT_SENT = "not sent"
"""The result of a record that was held back: its row has no line."""

Row = tuple[str, ...]


class _Kept(NamedTuple):
    """A row as it stands in the file, and the byte after it."""

    row: Row
    end: int


@dataclass(frozen=True)
class Run:
    """What makes the lines of one run its own: service, source, and whether they are only checked."""

    address: str
    source: str
    validate_only: bool

    def fingerprint(self, line: FileLine) -> str:
        about = f"{self.address}\n{self.source}\n{self.validate_only}\n".encode()
        return hashlib.sha256(about + line.text).hexdigest()[:32]


@dataclass
class Answered:
    """How far a run has come: batches wholly answered, the receipt's bytes about them, lines by result."""

    batches: int = 0
    lines: int = 0
    end: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    is_all: bool = False


class NotThisRun(Exception):
    """A receipt is of other lines, of another source or of another service; the message says from where on."""


class Receipt:
    """The receipt at a path; `held_back` are the rows of records that are not sent, at its beginning."""

    def __init__(self, path: Path, held_back: Sequence[Row] = ()) -> None:
        self.path = path
        self._head = (COLUMNS, *(_on_one_line(row) for row in held_back))

    @property
    def before(self) -> Path:
        """Where the receipt of the run before is kept."""
        return self.path.with_name(f"{self.path.stem}.before.csv")

    def answered(self, run: Run, planned: Iterable[Batch]) -> Answered:
        """How far an earlier run of the same batches came; raises NotThisRun."""
        kept = _kept(self.path)
        head = list(islice(kept, len(self._head)))
        if tuple(one.row for one in head) != self._head:
            raise NotThisRun("the receipt was cut off at its beginning, or is of records held back that are not these")
        found = Answered(end=head[-1].end, counts=_counts(head))
        for batch in planned:
            rows = list(islice(kept, len(batch)))
            _refuse_other(run, batch, rows)
            if len(rows) < len(batch):
                return found
            found.batches += 1
            found.lines += len(rows)
            found.end = rows[-1].end
            found.counts += _counts(rows)
        found.is_all = True
        return found

    def begin(self) -> Answered:
        """Start anew, keeping the receipt of the run before."""
        if self.path.exists():
            os.replace(self.path, self.before)
        self.add(self._head)
        return Answered(counts=Counter(row[RESULT] for row in self._head[1:]))

    def go_on(self, found: Answered) -> None:
        """Cut off what is not of a batch wholly answered."""
        os.truncate(self.path, found.end)

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows, and see them on the disk before anything else is sent."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(_on_one_line(row) for row in rows)
        with self.path.open("ab") as file:
            file.write(text.getvalue().encode(errors="replace"))
            file.flush()
            os.fsync(file.fileno())

    def run_before(self) -> str:
        """A hash of the receipt of the run before: a run begun anew has keys of its own, one taken up again has not."""
        return hashlib.sha256(self.before.read_bytes()).hexdigest() if self.before.exists() else ""


def _on_one_line(row: Row) -> Row:
    return tuple(" ".join(cell.split())[:LONGEST_CELL] for cell in row)


def _counts(kept: Iterable[_Kept]) -> Counter[str]:
    return Counter(one.row[RESULT] for one in kept if one.row != COLUMNS)


def _kept(path: Path) -> Iterator[_Kept]:
    """The whole rows of a receipt, up to one that is not."""
    end = 0
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            end += len(line)
            row = _row(line)
            if len(row) != len(COLUMNS) or not line.endswith(b"\n"):
                return
            yield _Kept(row, end)


def _row(line: bytes) -> Row:
    try:
        return tuple(next(csv.reader([line.decode()], strict=True), ()))
    except (UnicodeDecodeError, csv.Error):
        return ()


def _refuse_other(run: Run, batch: Batch, rows: Sequence[_Kept]) -> None:
    for line, (row, _) in zip(batch, rows, strict=False):
        if (row[0], row[SENT]) != (str(line.number), run.fingerprint(line)):
            raise NotThisRun(
                f"line {line.number:,} is not the one that was answered, or went to another service or source"
            )
