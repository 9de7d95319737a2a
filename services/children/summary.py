"""What is known of a child in short: each source's own record of them, and where they differ."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.record import Record
from schemas.registry import BY_NAME
from services.children.reading import Reading, Shown, listed

CHILDREN = BY_NAME["children"]


def summary(reading: Reading) -> Shown:
    """The child as each source in sight knows them, and the fields on which those sources differ.

    Beside them, for each agency and family, how many records there are and when the last one came.
    """
    shown = listed(reading, CHILDREN.name, None)
    return Shown(shown.body | {"differs": list(_differing([item["record"] for item in shown.items]))}, shown.items)


def _differing(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The fields of one value each that two records give differently; one that a record leaves out does not differ."""
    for column in CHILDREN.tables[0].columns:
        values = {record.get(column.name) for record in records} - {None}
        if len(values) > 1 and column.name not in Record.model_fields:
            yield column.name
