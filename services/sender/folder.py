"""A folder of CSV or Parquet, one file a table of a family, as records: `plans.csv`, `plans_actions.csv` and so on.

A part's row joins its record by the record's `source_id`, and a part within a part
its parent by `parent_position` or `parent_id`. Which files and columns there may
be follows from the contracts (schemas.tables).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.nesting import record_of
from schemas.record import Family
from schemas.registry import FAMILIES
from services.sender import local_codes
from services.sender.local_codes import LocalCodes
from services.sender.problems import Problem, near
from services.sender.table_file import PARENT_ID, PARENT_POSITION, POSITION, TableFile, TableRow, file_names

ByRecord = Mapping[str, Sequence[TableRow]]


@dataclass(frozen=True)
class Whole:
    """A record made of its rows, nothing wrong with them; the door has yet to see it. Its own row stands in `file`."""

    family: str
    source_id: str
    record: dict[str, Any]
    file: str
    row: int


@dataclass
class Folder:
    """A folder as it is read; `problems` is complete once `records` has run out."""

    path: Path
    codes: LocalCodes
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def at(cls, path: Path, mapping: Path | None = None) -> "Folder":
        """A folder with that mapping, or the one in it."""
        codes = local_codes.load(mapping or path / local_codes.FILE)
        return cls(path, codes, [*codes.problems, *_strangers(path)])

    def records(self) -> Iterator[Whole]:
        """The records with nothing wrong: families in their order, records as their file has them."""
        for family in FAMILIES:
            yield from _records(self, family)


def _records(folder: Folder, family: Family) -> Iterator[Whole]:
    problems: list[Problem] = []
    files = [TableFile(folder.path, table, folder.codes, problems) for table in family.posted_tables]
    rows = [_by_record(file) for file in files]
    _refuse_orphans(files, rows)
    faulty = {problem.source_id for problem in problems}
    for source_id in rows[0]:
        before = len(problems)
        mine = [of_record.get(source_id, ()) for of_record in rows]
        _place(files, mine)
        if source_id not in faulty and len(problems) == before:
            made = {file.table.name: [row.values for row in held] for file, held in zip(files, mine, strict=True)}
            record = record_of(family.posted_tables, made)
            yield Whole(family.name, source_id, record, files[0].path.name, mine[0][0].number)
    folder.problems += problems


def _by_record(file: TableFile) -> ByRecord:
    rows: dict[str, list[TableRow]] = defaultdict(list)
    for row in file.rows():
        rows[row.source_id].append(row)
    return rows


def _refuse_orphans(files: Sequence[TableFile], rows: Sequence[ByRecord]) -> None:
    """Parts whose record is not in the family's own file."""
    own = files[0]
    for file, of_record in zip(files[1:], rows[1:], strict=True):
        for source_id in sorted(of_record.keys() - rows[0].keys()):
            says = f"{own.path.name} has no record of this id"
            file.problem(of_record[source_id][0], "", says, "add the record, or take its rows out")


def _place(files: Sequence[TableFile], mine: Sequence[Sequence[TableRow]]) -> None:
    """Give every row of one record its place in it."""
    if len(mine[0]) > 1:
        files[0].problem(mine[0][1], "", "this source_id stands in more than one row", "one row a record, as it is now")
    held = {file.table.path: rows for file, rows in zip(files, mine, strict=True)}
    for file, rows in zip(files[1:], mine[1:], strict=True):
        _number(file, rows)
        if len(file.table.path) > 1:
            _find_parents(file, rows, held[file.table.path[:-1]])


def _number(file: TableFile, rows: Sequence[TableRow]) -> None:
    """The order of the file, where the rows do not say their positions themselves."""
    for place, row in enumerate(rows):
        row.values.setdefault(POSITION, place)
    names = (PARENT_ID, PARENT_POSITION, POSITION)
    taken = Counter(tuple(row.values.get(name) for name in names) for row in rows)
    for row in rows:
        if taken[tuple(row.values.get(name) for name in names)] > 1:
            file.problem(row, POSITION, "this position is taken twice", "number the rows of a list, each once")


def _find_parents(file: TableFile, rows: Sequence[TableRow], parents: Sequence[TableRow]) -> None:
    """The position of each row's parent, which it names by position or by id."""
    positions = {row.values[POSITION] for row in parents}
    by_id = {row.values.get("id"): row.values[POSITION] for row in parents}
    for row in rows:
        named = row.values.get(PARENT_POSITION, by_id.get(row.values.get(PARENT_ID)))
        if named not in positions:
            hint = f"say which in {PARENT_POSITION} or {PARENT_ID}"
            file.problem(row, PARENT_POSITION, "the row names no row that it is a part of", hint)
        row.values[PARENT_POSITION] = named


def _strangers(path: Path) -> Iterator[Problem]:
    """Files that are no table of a family, or not the only one of it, and so would be left out unseen."""
    tables = [table for family in FAMILIES for table in family.posted_tables]
    known = {name for table in tables for name in file_names(table)}
    found = sorted(one.name for one in path.iterdir() if _is_table(one) and one.name != local_codes.FILE)
    if not known.intersection(found):
        hint = "children.csv, plans.csv, plans_actions.csv and so on, or .parquet, as docs/csv-backfill.md has them"
        yield Problem(path.name, None, "", "", "", "the folder has no file of a family", hint)
    for name in found:
        if name not in known:
            yield Problem(
                name, None, "", "", "", "no family has such a table", near(name, known, "rename or remove it")
            )
    for names in (file_names(table) for table in tables):
        twice = [name for name in names if name in found]
        if len(twice) > 1:
            yield Problem(twice[1], None, "", "", "", f"{twice[0]} has the rows of this table", "keep one of them")


def _is_table(path: Path) -> bool:
    """Whether a file or folder is meant as a table."""
    return path.suffix.lower() in (".csv", ".parquet") or (path.is_dir() and any(path.glob("*.parquet")))
