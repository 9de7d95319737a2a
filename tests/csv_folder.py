"""Records written as a folder of CSV files, as a source's data team would."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from schemas.registry import BY_NAME
from services.sender.table_file import join_of

Keyed = tuple[str, str, Mapping[str, Any]]
"""Family, source_id, record."""


def write_folder(folder: Path, records: Iterable[Keyed], *, positions: bool = True) -> Path:
    """Write records as CSV; without `positions`, a list's order is that of its file."""
    folder.mkdir(exist_ok=True)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, source_id, record in records:
        family = BY_NAME[name]
        posted = family.posted(family.contract.model_validate(record))
        for table in family.posted_tables:
            rows[table.name] += ({join_of(table): source_id} | row for row in posted[table.name])
    for table_name, found in rows.items():
        left_out = () if positions else ("position",)
        write_csv(folder / f"{table_name}.csv", [{n: v for n, v in row.items() if n not in left_out} for row in found])
    return folder


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    if rows:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date | datetime) else value
