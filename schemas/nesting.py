"""A record made again from the rows of its tables: schemas.tables, the other way round."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.tables import Row, Table

Placed = dict[int, Any]
"""The items of one list of a record, by their position."""


def record_of(tables: Sequence[Table], rows: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """The record whose rows these are, by table name; a part stands after the table that it is a part of.

    What is None is left out. An item goes into the list of the item whose position is its
    `parent_position`; one whose parent is not there raises LookupError.
    """
    own, *parts = tables
    record: dict[str, Any] = _item(own, rows[own.name][0])
    placed: dict[tuple[str, ...], Placed] = {(): {0: record}}
    for part in parts:
        in_order = sorted(rows.get(part.name, ()), key=lambda row: int(row["position"]))
        parents = placed[part.path[:-1]]
        placed[part.path] = {row["position"]: _put(part, row, parents) for row in in_order}
    return record


def _put(part: Table, row: Row, parents: Placed) -> Any:
    """Put the row's item into its parent's list, or its pair into its parent's mapping."""
    parent, name = parents[row.get("parent_position", 0)], part.path[-1]
    if is_mapping(part):
        key, value = (row.get(column.name) for column in part.columns)
        parent.setdefault(name, {})[key] = value
        return value
    item = _item(part, row)
    parent.setdefault(name, []).append(item)
    return item


def is_mapping(table: Table) -> bool:
    """Whether a part is a mapping, whose rows are its pairs."""
    return [column.path for column in table.columns] == [("0",), ("1",)]


def _item(table: Table, row: Row) -> Any:
    item: dict[str, Any] = {}
    for column in table.columns:
        value = row.get(column.name)
        if not column.path:
            return value
        if value is not None:
            inner = item
            for step in column.path[:-1]:
                inner = inner.setdefault(step, {})
            inner[column.path[-1]] = value
    return item
