"""What `kith check` is given, piece by piece as the door sees it: lines of NDJSON, or records of a folder of tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from services.intake.lines import Line, read_line
from services.sender.batches import file_lines
from services.sender.convert import as_line
from services.sender.folder import Folder
from services.sender.problems import Problem

NDJSON = (".ndjson", ".jsonl")


@dataclass(frozen=True)
class Piece:
    """A line of a file, or the row of a table that a record is made of, with what the door says of it."""

    file: str
    number: int
    line: Line


@dataclass(frozen=True)
class Given:
    """Pieces that are read as they are asked for; `problems`, of a folder of tables, is complete after the last one."""

    pieces: Iterable[Piece]
    problems: Sequence[Problem] = field(default_factory=list)


def lines_of(path: Path) -> Sequence[Path]:
    """The files of batch lines at a path: itself, or those of a folder, by name."""
    return sorted(file for file in path.iterdir() if file.suffix.lower() in NDJSON) if path.is_dir() else [path]


def of_lines(files: Sequence[Path], at: datetime) -> Given:
    """The lines of files, all of one source."""
    return Given(_of_lines(files, at))


def of_tables(folder: Path, mapping: Path | None, at: datetime) -> Given:
    """The records of a folder of CSV or Parquet."""
    reading = Folder.at(folder, mapping)
    return Given(_of_tables(reading, at), reading.problems)


def _of_lines(files: Sequence[Path], at: datetime) -> Iterator[Piece]:
    for path in files:
        yield from (Piece(path.name, number, read_line(text, at)) for number, text in file_lines(path))


def _of_tables(reading: Folder, at: datetime) -> Iterator[Piece]:
    for whole in reading.records():
        yield Piece(whole.file, whole.row, read_line(as_line(whole).encode(), at))
