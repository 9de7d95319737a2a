"""The file of one table in a folder: its rows, its columns those of schemas.tables and those that join it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.codelists import code_list
from schemas.tables import Column, Row, Table
from services.sender import sheets
from services.sender.cells import Unreadable, read_cell
from services.sender.local_codes import LocalCodes
from services.sender.problems import Problem, near
from services.sender.sheets import NotASheet, Rows

POSITION, PARENT_POSITION, PARENT_ID = "position", "parent_position", "parent_id"


@dataclass(frozen=True)
class TableRow:
    """A row: its number in the file, the record that it is of, its values and its place by name."""

    number: int
    source_id: str
    values: Row


@dataclass(frozen=True)
class TableFile:
    """A table's file; what is wrong with it goes on `problems`."""

    folder: Path
    table: Table
    codes: LocalCodes
    problems: list[Problem]

    @property
    def path(self) -> Path:
        """The table's CSV; where there is none, its Parquet, a file or a folder of them."""
        held = [self.folder / name for name in file_names(self.table)]
        return next((path for path in held if path.exists()), held[0])

    def rows(self) -> Iterator[TableRow]:
        """The rows in the file's order; none where there is no such file."""
        if not self.path.exists():
            return
        try:
            header, rows = _rows_of(self.path)
            self._check_header(header)
            for number, cells in rows:
                yield self._row(number, cells)
        except NotASheet as error:
            self.problem(None, "", error.says, error.hint)

    def problem(self, row: TableRow | None, column: str, says: str, hint: str, local: str = "") -> None:
        """Put something wrong on the list: of the whole file where there is no row, or none that names its record."""
        number, source_id = (row.number, row.source_id) if row else (None, "")
        family = self.table.family
        self.problems.append(Problem(self.path.name, number, column, family, source_id, says, hint, local))

    def _check_header(self, header: list[str]) -> None:
        known = columns_of(self.table)
        for name in (name for name in header if name not in known):
            self.problem(None, name, "there is no such column", near(name, known, f"there are {', '.join(known)}"))
        required = [join_of(self.table), *(column.name for column in self.table.columns if column.required)]
        for name in (name for name in required if name not in header):
            self.problem(None, name, "this column is required", "add it: nothing is filled in for you")

    def _row(self, number: int, cells: Mapping[str, str]) -> TableRow:
        row = TableRow(number, cells.get(join_of(self.table), "").strip(), {})
        if not row.source_id:
            self.problem(row, join_of(self.table), "the row says of no record that it is its", "name the record")
        for column in self.table.columns:
            row.values[column.name] = self._value(row, column, cells.get(column.name))
        for name in (name for name in placing_of(self.table) if cells.get(name, "").strip()):
            kind = "text" if name == PARENT_ID else "integer"
            row.values[name] = self._read(row, name, kind, cells[name].strip())
        return row

    def _value(self, row: TableRow, column: Column, text: str | None) -> Any:
        """A cell's value; None, and a problem, where it has none that can be sent."""
        value = self._read(row, column.name, column.kind, text or "")
        if value is None:
            if column.required and text is not None and not text.strip():
                self.problem(row, column.name, "this is required", "nothing is filled in for you")
            return None
        if column.refers_to:
            return str(value).strip()
        return self._coded(row, column, value) if column.codelist else value

    def _read(self, row: TableRow, name: str, kind: str, text: str) -> Any:
        try:
            return read_cell(kind, text)
        except Unreadable as wrong:
            self.problem(row, name, wrong.says, wrong.hint)
            return None

    def _coded(self, row: TableRow, column: Column, text: str) -> str | None:
        assert column.codelist
        ours = self.codes.read(self.table, column, text)
        if ours is None:
            suggested = code_list(column.codelist).suggest(text)
            hint = f"did you mean {suggested}?" if suggested else f"/v1/codelists/{column.codelist} has the codes"
            says = f"this is neither a code of {column.codelist} nor in mapping.csv"
            self.problem(row, column.name, says, f"{hint} Say so in mapping.csv", text.strip())
        return ours


def file_names(table: Table) -> tuple[str, str, str]:
    """What holds a table's rows: a CSV, a Parquet file or a folder of Parquet files, the first that is there."""
    return f"{table.name}.csv", f"{table.name}.parquet", table.name


def _rows_of(path: Path) -> tuple[list[str], Rows]:
    if path.suffix == ".csv":
        return sheets.rows_of(path)
    from services.sender import parquet_sheet

    return parquet_sheet.rows_of(path)


def join_of(table: Table) -> str:
    """The column that names the record: source_id, but where the part has one of its own."""
    taken = any(column.name == "source_id" for column in table.columns)
    return "record_source_id" if taken else "source_id"


def placing_of(table: Table) -> tuple[str, ...]:
    """The columns that say where in its record a row stands, all optional."""
    return ((), (POSITION,), (POSITION, PARENT_POSITION, PARENT_ID))[min(len(table.path), 2)]


def columns_of(table: Table) -> tuple[str, ...]:
    """Every column that a table's file may have."""
    return (join_of(table), *placing_of(table), *(column.name for column in table.columns))
