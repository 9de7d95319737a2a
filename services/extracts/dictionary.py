"""What every column of a release is, for people (dictionary.csv) and for programs (datapackage.json)."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.extracts.release import DICTIONARY, PACKAGE, PARQUET, notice
from services.extracts.shape import ReleaseColumn, ReleaseTable

COLUMNS = ("table", "column", "type", "nullable", "description", "codelist", "how_it_left", "refers_to", "notice")
FRICTIONLESS_TYPES: Mapping[str, str] = {
    "text": "string",
    "boolean": "boolean",
    "integer": "integer",
    "number": "number",
    "instant": "datetime",
    "date": "date",
}


def write_dictionary(folder: Path, tables: Sequence[ReleaseTable], synthetic: bool) -> None:
    with (folder / DICTIONARY).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(table, column, synthetic) for table in tables for column in table.columns)


def write_package(folder: Path, tables: Sequence[ReleaseTable], synthetic: bool, release_id: str) -> None:
    package = {
        "profile": "data-package",
        "name": release_id.lower(),
        "title": "Kith: a release of children's services data for Scotland",
        "description": notice(synthetic),
        "synthetic": synthetic,
        "licenses": [{"name": "not-for-publication", "title": "Not for publication; see README.md"}],
        "resources": [_resource(table, synthetic) for table in tables],
    }
    (folder / PACKAGE).write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _row(table: ReleaseTable, column: ReleaseColumn, synthetic: bool) -> tuple[str, ...]:
    joins = f"{column.refers_to}.record_id" if column.refers_to else ""
    may_be_empty = "true" if column.nullable else "false"
    words = (column.description, column.codelist or "", column.left, joins, notice(synthetic))
    return (table.name, column.name, column.kind, may_be_empty, *words)


def _resource(table: ReleaseTable, synthetic: bool) -> dict[str, Any]:
    return {
        "name": table.name.replace("_", "-"),
        "title": table.name,
        "description": f"{notice(synthetic)} {table.description}",
        "path": f"{PARQUET}/{table.name}/0.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "schema": {
            "fields": [_field(column) for column in table.columns],
            "primaryKey": list(table.key),
            "foreignKeys": list(_foreign_keys(table)),
        },
    }


def _field(column: ReleaseColumn) -> dict[str, Any]:
    described = {"name": column.name, "type": FRICTIONLESS_TYPES[column.kind], "description": column.description}
    listed = {"codelist": column.codelist} if column.codelist else {}
    return described | listed | {"constraints": {"required": not column.nullable}}


def _foreign_keys(table: ReleaseTable) -> Iterator[dict[str, Any]]:
    """A part's record is always there; a reference of a source's own may lead to what was never posted."""
    if table.is_part and table.origin:
        reference = {"resource": table.origin.family.replace("_", "-"), "fields": "record_id"}
        yield {"fields": "record_id", "reference": reference}
