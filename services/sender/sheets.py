"""Reading a CSV file row by row, as spreadsheets and databases write them: UTF-8, commas, a header."""

import csv
from collections.abc import Iterator
from pathlib import Path

LARGEST_CELL = 1024 * 1024


class NotASheet(ValueError):
    """A file that is no CSV as Kith reads it: what is wrong and how to mend it."""

    def __init__(self, says: str, hint: str) -> None:
        super().__init__(says)
        self.says, self.hint = says, hint


Rows = Iterator[tuple[int, dict[str, str]]]


def rows_of(path: Path) -> tuple[list[str], Rows]:
    """The header's names, and each row with its number (the header's is 1); raises NotASheet, then or while read."""
    rows = _numbered(path)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    if not any(names):
        raise NotASheet("the file is empty", "its first row names its columns")
    if len(names) == 1 and ";" in names[0]:
        raise NotASheet("the columns are not separated by commas", "save it as comma separated")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise NotASheet(f"these columns stand twice: {', '.join(sorted(twice))}", "keep one of each")
    return names, _named(names, rows)


def _named(names: list[str], rows: Iterator[tuple[int, list[str]]]) -> Rows:
    for number, cells in rows:
        if len(cells) != len(names):
            says = f"row {number} has {len(cells)} cells, and the header {len(names)}"
            raise NotASheet(says, "put text that holds a comma or a line break between double quotes")
        yield number, dict(zip(names, cells, strict=True))


def _numbered(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything."""
    csv.field_size_limit(LARGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, cells in enumerate(csv.reader(file, strict=True), 1):
                if number == 1 or any(cell.strip() for cell in cells):
                    yield number, cells
    except UnicodeDecodeError:
        raise NotASheet("the file is not in UTF-8", 'save it as "CSV UTF-8"') from None
    except csv.Error as error:
        raise NotASheet(f"the file cannot be read as CSV: {error}", "put text between double quotes") from None
