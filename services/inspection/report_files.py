"""An agency's findings as files: CSV, JSON and Excel, a row each, written as they are read and never all in memory.

They say where and by which rule, never what a record holds. Nothing in a cell
can run as a formula when a spreadsheet opens it.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import xlsxwriter

from quality.cells import safe_cell
from quality.page import MADE_UP

CSV, JSON, EXCEL = "findings.csv", "findings.json", "findings.xlsx"
COLUMNS = (
    "severity",
    "rule",
    "what_is_wrong",
    "how_to_fix_it",
    "source",
    "family",
    "source_id",
    "pointer",
    "first_seen",
    "last_seen",
    "finding",
)
MADE_UP_COLUMN = "made_up_data"
WIDTHS: Mapping[str, int] = {"what_is_wrong": 60, "how_to_fix_it": 45, "source": 28, "source_id": 28, "pointer": 28}
WIDTH = 14
ROWS_A_SHEET = 1_000_000
"""Excel reads 1,048,576 rows of a sheet; what is more goes on another."""
Cells = dict[str, Any]
Add = Callable[[Cells], object]
"""What takes a file's next row."""


def safe(value: Any) -> str:
    """A value as the text of a cell, nothing where there is none."""
    return "" if value is None else safe_cell(str(value))


def write_files(folder: Path, rows: Iterable[Cells], about: Cells, cards: Sequence[Cells]) -> None:
    """Write all three, with the scorecards; `about` says whose they are, and where it says so that all is made up."""
    marked = {MADE_UP_COLUMN: MADE_UP} if MADE_UP_COLUMN in about else {}
    columns, cards = (*COLUMNS, *marked), [card | marked for card in cards]
    with ExitStack() as files:
        adders = [
            files.enter_context(csv_file(folder / CSV, columns)),
            files.enter_context(_json(folder / JSON, about, cards)),
            files.enter_context(_excel(folder / EXCEL, columns, about, cards)),
        ]
        for row in rows:
            for add in adders:
                add(row | marked)


@contextmanager
def csv_file(path: Path, columns: Sequence[str]) -> Iterator[Add]:
    """A CSV of these columns, to which rows are added one by one."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(columns)
        yield lambda row: lines.writerow([safe(row[column]) for column in columns])


@contextmanager
def _json(path: Path, about: Cells, cards: Sequence[Cells]) -> Iterator[Add]:
    """One object; its findings stand a line each, so that they are written without being gathered."""
    with path.open("w", encoding="utf-8") as file:
        told = json.dumps({**about, "scorecards": cards}, default=str)
        file.write(f'{told.removesuffix("}")},\n"findings": [')
        parted = iter(("\n",))
        yield lambda row: file.write(next(parted, ",\n") + json.dumps(row, default=str))
        file.write("\n]}\n")


@contextmanager
def _excel(path: Path, columns: Sequence[str], about: Cells, cards: Sequence[Cells]) -> Iterator[Add]:
    """A workbook that keeps one row at a time in memory: every cell is text or a number, none a formula or a link."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        findings = _Table(book, "Findings", columns)
        scores = _Table(book, "Scorecards", tuple(cards[0]) if cards else ("none",))
        facts = _Table(book, "About", ("about", "told"))
        for card in cards:
            scores.add(tuple(card.values()))
        for fact in about.items():
            facts.add(fact)
        yield lambda row: findings.add([row[column] for column in columns])
        for table in (findings, scores, facts):
            table.finish()


class _Table:
    """A table of a workbook, on as many sheets as it takes: header frozen, filters on."""

    def __init__(self, book: xlsxwriter.Workbook, name: str, columns: Sequence[str]) -> None:
        self.book, self.name, self.columns = book, name, columns
        self.bold = book.add_format({"bold": True, "bottom": 1})
        self.sheets: list[Any] = []
        self._begin()

    def add(self, cells: Sequence[Any]) -> None:
        if self.row == ROWS_A_SHEET:
            self.finish()
            self._begin()
        self.row += 1
        for place, cell in enumerate(cells):
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                self.sheets[-1].write_number(self.row, place, cell)
            else:
                self.sheets[-1].write_string(self.row, place, safe(cell))

    def finish(self) -> None:
        self.sheets[-1].autofilter(0, 0, self.row, len(self.columns) - 1)

    def _begin(self) -> None:
        more = f" {len(self.sheets) + 1}" if self.sheets else ""
        sheet = self.book.add_worksheet(self.name + more)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.repeat_rows(0)
        for place, column in enumerate(self.columns):
            sheet.set_column(place, place, WIDTHS.get(column, WIDTH))
            sheet.write_string(0, place, column, self.bold)
        self.sheets.append(sheet)
        self.row = 0
