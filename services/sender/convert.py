"""A folder of CSV files converted into batch lines beside it, with what was mapped and what is wrong.

Beside `FOLDER`: `FOLDER.ndjson` (the lines, the same for the same folder), `FOLDER.local.csv`
(each local code that a code of ours stands for in them), `FOLDER.unmapped.csv` (codes that
nobody has mapped, in the mapping's own columns) and `FOLDER.problems.csv`.
"""

import csv
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from schemas.codelists import code_list
from schemas.registry import TABLES
from services.sender import local_codes
from services.sender.folder import Folder, Whole
from services.sender.local_codes import mapped_in
from services.sender.problems import Problem
from services.sender.receipt import COLUMNS, NOT_SENT, Row

LOCAL = ("family", "source_id", "pointer", "list", "local", "ours")


@dataclass(frozen=True)
class Unmapped:
    """A local code that nobody has mapped: its field, how many records have it, and one of ours like it."""

    field: str
    codelist: str
    local: str
    records: int
    near: str | None


@dataclass(frozen=True)
class Converted:
    """What a folder was converted into: the file of batch lines, how many, and what is wrong."""

    path: Path
    lines: int
    problems: Sequence[Problem]

    @property
    def is_sendable(self) -> bool:
        """Whether what is wrong is wrong with single records, so that the others may go."""
        return all(problem.source_id for problem in self.problems)

    def held_back(self) -> list[Row]:
        """A row of the receipt for every record that is not sent, with why."""
        by_record: dict[tuple[str, str], list[Problem]] = defaultdict(list)
        for problem in self.problems:
            by_record[problem.family, problem.source_id].append(problem)
        return [_held_back(*key, found) for key, found in by_record.items()]


def unmapped(problems: Iterable[Problem]) -> list[Unmapped]:
    """Every distinct local code that nobody has mapped."""
    records: dict[tuple[str, str], set[str]] = defaultdict(set)
    for problem in problems:
        if problem.local:
            records[f"{Path(problem.file).stem}.{problem.column}", problem.local].add(problem.source_id)
    return [_unmapped(name, local, len(found)) for (name, local), found in sorted(records.items())]


def convert(folder: Path, each: Callable[[int], None] = lambda records: None, mapping: Path | None = None) -> Converted:
    """Convert a folder, writing the files beside it; its own mapping counts unless another is given."""
    reading = Folder.at(folder, mapping)
    path = beside(folder, "ndjson")
    mapped: list[Sequence[str]] = []
    lines = 0
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        for whole in reading.records():
            file.write(as_line(whole) + "\n")
            mapped += ((whole.family, whole.source_id, at, c.codelist, c.local, c) for at, c in mapped_in(whole.record))
            lines += 1
            each(1)
    os.replace(part, path)
    converted = Converted(path, lines, reading.problems)
    _write(beside(folder, "local.csv"), LOCAL, mapped)
    _write(beside(folder, "unmapped.csv"), local_codes.COLUMNS, map(_as_mapping, unmapped(converted.problems)))
    _write(beside(folder, "problems.csv"), [one.name for one in fields(Problem)], map(astuple, converted.problems))
    return converted


def beside(folder: Path, kind: str) -> Path:
    """A file beside a folder, named after it."""
    whole = folder.resolve()
    return folder.parent / f"{whole.name}.{kind}" if folder.name else whole.parent / f"{whole.name}.{kind}"


def as_line(whole: Whole) -> str:
    """The batch line of a record."""
    line = {"family": whole.family, "source_id": whole.source_id, "record": whole.record}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _unmapped(name: str, local: str, records: int) -> Unmapped:
    table, _, column = name.partition(".")
    codelist = next(one for one in TABLES if one.name == table).column(column).codelist
    assert codelist
    return Unmapped(name, codelist, local, records, code_list(codelist).suggest(local))


def _as_mapping(unmapped: Unmapped) -> Sequence[str]:
    """A line for mapping.csv with `ours` left for a person to say."""
    note = f"{unmapped.records} records" + (f"; like {unmapped.near}?" if unmapped.near else "")
    return "", unmapped.field, unmapped.local, "", f"{unmapped.codelist}: {note}"


def _held_back(family: str, source_id: str, problems: Sequence[Problem]) -> Row:
    said = "; ".join(f"{one.where}: {one.says}: {one.hint}" for one in problems)
    known = {"family": family, "source_id": source_id, "result": NOT_SENT, "problems": said}
    return tuple(known.get(name, "") for name in COLUMNS)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV, or take away that of an earlier run where there is nothing to say."""
    found = list(rows)
    path.unlink(missing_ok=True)
    if found:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(found)
