"""Canaries: made-up values found nowhere else, one in every text that a record can hold, and the search for them."""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile, is_zipfile

import duckdb

from schemas.fields import FieldClass
from schemas.record import Family
from tests.examples import changed, example

FOUND = re.compile(r"kq[0-9]{6}|S019[0-9]{5}|(?<![0-9])[0-9]{9,10}(?![0-9])|[0-9a-f]{26}")
"""What may be a canary: a text, a data zone, a CHI or an SCN, a child's opaque id."""
DATA_ZONE = "^S01[0-9]{6}$"
ID, PLACE, TEXT = "id", "place", "text"
"""What a canary is: a source's own id of a record, a place, any other text of the source's own."""
NOBODY = "IP-nobody"
"""The agency that a part names which must name one."""
Schema = Mapping[str, Any]
Path_ = tuple[str, ...]


@dataclass(frozen=True)
class Canary:
    """Who said it, about which child, in which field, and what kind of thing it is."""

    by: str
    about: str
    field: str
    what: str


@dataclass
class Canaries:
    """Every canary that was set, by its value."""

    known: dict[str, Canary] = field(default_factory=dict)

    def new(self, by: str, about: str, name: str, what: str = TEXT, pattern: str = "") -> str:
        number = len(self.known)
        return self.mark(f"S019{number:05}" if pattern == DATA_ZONE else f"kq{number:06}", by, about, name, what)

    def mark(self, value: str, by: str, about: str, name: str, what: str) -> str:
        """Make a canary of a value that is as it must be."""
        self.known[value] = Canary(by, about, name, what)
        return value

    def record(self, family: Family, by: str, about: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The family's example, as changed, with a canary in every other text that its contract has room for."""
        schema = _schema(family)
        filling = _Filling(self, family, by, about, schema.get("$defs", {}))
        asked_for = {name: value for name, value in changes.items() if isinstance(value, str)}
        return filling.object(changed(family.name, changes), schema, ()) | asked_for

    def found(self, text: str) -> set[Canary]:
        return {self.known[value] for value in FOUND.findall(text) if value in self.known}


@dataclass(frozen=True)
class _Filling:
    """One record being filled, along the JSON Schema of its contract."""

    canaries: Canaries
    family: Family
    by: str
    about: str
    parts: Mapping[str, Schema]

    def object(self, held: Mapping[str, Any], schema: Schema, path: Path_) -> dict[str, Any]:
        needed, filled = schema.get("required", ()), dict(held)
        for name, inner in schema.get("properties", {}).items():
            value = self._value(held.get(name), self._resolved(inner), (*path, name), name in needed)
            if value is not None:
                filled[name] = value
        return filled

    def _value(self, held: Any, schema: Schema, path: Path_, is_needed: bool) -> Any:
        if schema["type"] == "array":
            inner = self._resolved(schema["items"])
            items = (self._value(one, inner, path, True) for one in held or [None])
            return [one for one in items if one] if held or _has_text(inner) else None
        if "properties" in schema:
            return self.object(held or {}, schema, path)
        if _has_text(schema):
            return self._canary(path, schema)
        return _least(schema) if held is None and is_needed else held

    def _canary(self, path: Path_, schema: Schema) -> str:
        what = PLACE if path in _places(self.family) else TEXT
        return self.canaries.new(
            self.by, self.about, ".".join((self.family.name, *path)), what, schema.get("pattern", "")
        )

    def _resolved(self, schema: Schema) -> Schema:
        """Without references and without the null that a field may be."""
        given = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        inner = given[0] if given else schema
        return self.parts[inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner


@cache
def _schema(family: Family) -> Schema:
    return family.contract.model_json_schema()


def _has_text(schema: Schema) -> bool:
    """Whether it is a text of the source's own, or a part (which may have one)."""
    is_other = {"enum", "format", "x-codelist"} & schema.keys()
    return "$ref" in schema or "properties" in schema or (schema["type"] == "string" and not is_other)


def _least(schema: Schema) -> Any:
    """A value for a field that an added part must have."""
    if "enum" in schema:
        return schema["enum"][0]
    of_format = {"date": "2025-01-05", "date-time": "2025-01-05T09:00:00Z"}
    return of_format.get(schema.get("format", ""), {"boolean": False, "integer": 1}.get(schema["type"], NOBODY))


@cache
def _places(family: Family) -> set[Path_]:
    """The fields that tell where the child is."""
    columns = ((table.path, column) for table in family.posted_tables for column in table.columns)
    return {(*path, *column.path) for path, column in columns if column.field_class is FieldClass.PLACE}


# What was written


def texts_in(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file of a folder as text: databases and tables by their rows, workbooks by what is in them."""
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        if path.suffix == ".duckdb":
            yield path, "\n".join(_of_database(path))
        elif path.suffix == ".parquet":
            yield path, str(duckdb.sql(f"FROM '{path}'").fetchall())
        elif is_zipfile(path):
            with ZipFile(path) as packed:
                yield path, "\n".join(packed.read(name).decode("latin-1") for name in packed.namelist())
        else:
            yield path, path.read_bytes().decode("latin-1")


def _of_database(path: Path) -> Iterable[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
        for (name,) in names:
            yield str(connection.execute(f'FROM "{name}"').fetchall())


# The child of the examples, which most of the suite posts


@cache
def _of_the_canary() -> frozenset[str]:
    """The address, the carer and the school of the child of the examples, and its names and numbers."""
    child, plan, care = (example(family) for family in ("children", "plans", "care_episodes"))
    carers = {one["carer"] for one in care["placements"] if "carer" in one}
    contacts = {plan[part]["contact"] for part in ("lead_professional", "named_person")}
    return frozenset(carers | contacts | {child[name] for name in ("home_postcode", "family_name", "chi", "scn")})


def tells_of_the_canary(text: str) -> bool:
    return any(value in text for value in _of_the_canary())


def texts_that_left(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file, as text, of the releases, quality reports and exports of the audit anywhere in a folder."""
    for place, inner, files in os.walk(folder):
        if _leaves(Path(place), files):
            inner.clear()
            yield from ((str(path), text) for path, text in texts_in(Path(place)))


def _leaves(place: Path, files: Iterable[str]) -> bool:
    """Whether a folder is what somebody else is given: told by the file that each of them has."""
    is_release = {"manifest.json", "dictionary.csv"} <= set(files)
    is_export = any(name.startswith("checkpoint-") for name in files)
    return is_release or is_export or (place / "rules" / "ID01.html").exists()


class Heard(logging.Handler):
    """What the service logs, by any name but that of the tests' own client."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("httpx", "httpcore")):
            self.lines.append(self.format(record))


@contextmanager
def listened() -> Iterator[list[str]]:
    """What is logged from here on."""
    handler, root = Heard(), logging.getLogger()
    root.addHandler(handler)
    yield handler.lines
    root.removeHandler(handler)
