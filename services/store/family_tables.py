"""The record families' tables, derived: SQLModel classes for schemas.tables' shapes.

One row per accepted version (the last one of a transaction), with when it was
kept and when another took its place; parts belong to a version through `seq`.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Column, Date, Double, Index, Table, Text, text
from sqlmodel import Field, SQLModel

from schemas.registry import TABLES
from schemas.tables import Table as Shape
from services.store.columns import BIG, UtcInstant

SQL_TYPES: Mapping[str, tuple[type, Any]] = {
    "text": (str, Text()),
    "boolean": (bool, Boolean()),
    "integer": (int, BIG),
    "number": (float, Double()),
    "instant": (datetime, UtcInstant()),
    "date": (date, Date()),
}
RECORD_STAMP: Mapping[str, tuple[str, bool]] = {
    "seq": ("integer", True),
    "source_agency": ("text", True),
    "source": ("text", True),
    "source_id": ("text", True),
    "version": ("integer", True),
    "kept_at": ("instant", True),
    "superseded_at": ("instant", False),
}
PART_STAMP: Mapping[str, tuple[str, bool]] = {"seq": ("integer", True), "source_agency": ("text", True)}
FOUND_BY = ("child", "chi", "scn", "date_of_birth")
"""Columns of a record's own table that records are looked up by."""
CURRENT = text("superseded_at IS NULL")


def _columns(shape: Shape) -> Iterator[Column[Any]]:
    keys = ("source_agency", "seq", *shape.keys)
    stamp = dict(PART_STAMP if shape.is_part else RECORD_STAMP) | dict.fromkeys(shape.keys, ("integer", True))
    for name, (kind, required) in stamp.items():
        is_key = name in keys
        yield Column(name, SQL_TYPES[kind][1], nullable=not required, primary_key=is_key, autoincrement=False)
    for column in shape.columns:
        yield Column(column.name, SQL_TYPES[column.kind][1], nullable=not column.required)


def _indexes(shape: Shape) -> Iterator[Index]:
    if shape.is_part:
        return
    current: dict[str, Any] = {"sqlite_where": CURRENT, "postgresql_where": CURRENT}
    key = ("source_agency", "source", "source_id")
    yield Index(f"{shape.name}_current", *key, unique=True, **current)
    for name in FOUND_BY:
        if any(column.name == name for column in shape.columns):
            yield Index(f"{shape.name}_by_{name}", name, **current)


def _model(shape: Shape) -> type[SQLModel]:
    columns = list(_columns(shape))
    fields: dict[str, Any] = {column.name: Field(default=None, sa_column=column) for column in columns}
    annotations = {column.name: column.type.python_type | None for column in columns}
    namespace = fields | {
        "__annotations__": annotations,
        "__module__": __name__,
        "__tablename__": shape.name,
        "__table_args__": tuple(_indexes(shape)),
        "__doc__": shape.description,
    }
    name = "".join(word.capitalize() for word in shape.name.split("_")) + "Row"
    metaclass: Any = type(SQLModel)
    model: type[SQLModel] = metaclass(name, (SQLModel,), namespace, table=True)
    return model


MODELS: Mapping[str, type[SQLModel]] = {shape.name: _model(shape) for shape in TABLES}


def table(name: str) -> Table:
    """The SQLAlchemy table of a family or part."""
    found: Table = SQLModel.metadata.tables[name]
    return found
