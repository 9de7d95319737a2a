"""The shape of a record's tables, derived from its contract.

A scalar is a column; a nested object is columns with its name before them; a
list of objects or of scalars is a table of its own, whose rows are numbered by
`position` (and by `parent_position` where the part is itself within a part).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from operator import itemgetter
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.fields import Code, ColumnName, FieldClass, OfOthers, ReferenceTo, Release

Row = dict[str, Any]
KINDS: Mapping[type, str] = {
    str: "text",
    bool: "boolean",
    int: "integer",
    float: "number",
    datetime: "instant",
    date: "date",
}
LONGEST_NAME = 32
STAMPS = frozenset(
    (
        "seq",
        "source_agency",
        "source_id",
        "version",
        "kept_at",
        "superseded_at",
        "linked_child",
        "record_id",
        "child_id",
    )
)
"""Columns that say how a record is held or released: no field of a contract may take their names."""


class Undeclarable(TypeError):
    """A contract's field has a type, or a name, that no table can hold."""


@dataclass(frozen=True)
class Column:
    """One column: `path` is where its value stands in the item, `kind` one of KINDS' values."""

    name: str
    kind: str
    path: tuple[str, ...]
    required: bool
    description: str
    codelist: str | None = None
    refers_to: str | None = None
    release: Release = Release.KEEP
    field_class: FieldClass | None = None
    of_others: OfOthers | None = None


@dataclass(frozen=True)
class Table:
    """One table: `path` names the lists that lead from the record to its rows, () for the record itself."""

    name: str
    family: str
    path: tuple[str, ...]
    columns: tuple[Column, ...]
    description: str

    @property
    def is_part(self) -> bool:
        return bool(self.path)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What numbers a row within its record."""
        return ("parent_position", "position")[2 - min(len(self.path), 2) :]

    @cached_property
    def values_of(self) -> Callable[[Any], Row]:
        """What turns an item into its row's columns."""
        return _values_of(self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class _Type:
    """A field's annotation taken apart."""

    base: Any
    optional: bool
    marks: tuple[Any, ...]

    def mark(self, kind: type) -> Any:
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)


def derive(name: str, model: type[BaseModel], *, family: str, is_part: bool = False) -> tuple[Table, ...]:
    """The table of a contract and, after it, those of its parts."""
    return tuple(_tables(name, model, family, (name,) if is_part else ()))


def rows_of(table: Table, record: BaseModel) -> list[Row]:
    """The rows that a record has in a table."""
    if not table.path:
        return [table.values_of(record)]
    if not (listed := getattr(record, table.path[0])):
        return []
    read = table.values_of
    if len(table.path) == 1:
        return [{"position": position, **read(item)} for position, item in enumerate(_each(listed))]
    return [
        {**dict(zip(table.keys, positions[-2:], strict=True)), **read(item)}
        for positions, item in _items(listed, table.path[1:])
    ]


def _items(listed: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The items that a path leads to from a list, each with its places on the way."""
    for position, item in enumerate(_each(listed)):
        if not path:
            yield (position,), item
        elif inner := getattr(item, path[0]):
            yield from (((position, *positions), found) for positions, found in _items(inner, path[1:]))


def _each(listed: Any) -> Iterable[Any]:
    """A list's items; a mapping's pairs."""
    return listed.items() if isinstance(listed, dict) else listed


def _values_of(columns: Sequence[Column]) -> Callable[[Any], Row]:
    """What reads an item's values; its own plain fields all at once, since this is done for every row received."""
    plain = [column for column in columns if len(column.path) == 1 and column.path[0].isidentifier()]
    others = [column for column in columns if column not in plain]
    if len(plain) < 2:
        return lambda item: {column.name: _value(item, column.path) for column in columns}
    names, read = [column.name for column in plain], itemgetter(*(column.path[0] for column in plain))
    if not others:
        return lambda item: dict(zip(names, read(item.__dict__), strict=True))
    return lambda item: (
        dict(zip(names, read(item.__dict__), strict=True))
        | {column.name: _value(item, column.path) for column in others}
    )


def _value(item: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if item is None:
            return None
        item = item[int(step)] if isinstance(item, tuple) else getattr(item, step)
    return item


def _tables(name: str, model: type[BaseModel], family: str, path: tuple[str, ...]) -> Iterator[Table]:
    columns, parts = _split(model)
    if not path:
        _refuse_stamps(name, columns)
    yield Table(name, family, path, tuple(columns), _sentence(model.__doc__))
    for part, kind, info in parts:
        yield from _part(f"{name}_{part}", kind, info, family, (*path, part))


def _refuse_stamps(name: str, columns: list[Column]) -> None:
    taken = STAMPS & {column.name for column in columns}
    if taken:
        raise Undeclarable(f"{name}: {', '.join(sorted(taken))} is how a record is held, not a field of it")


def _split(model: type[BaseModel]) -> tuple[list[Column], list[tuple[str, _Type, FieldInfo]]]:
    columns: list[Column] = []
    parts: list[tuple[str, _Type, FieldInfo]] = []
    for name, info in model.model_fields.items():
        kind = _taken_apart(info)
        if get_origin(kind.base) in (list, dict):
            parts.append((name, kind, info))
        else:
            columns += _columns(name, kind, info)
    return columns, parts


def _part(name: str, kind: _Type, info: FieldInfo, family: str, path: tuple[str, ...]) -> Iterator[Table]:
    inner = get_args(kind.base)
    if get_origin(kind.base) is dict:
        columns = (_pair("field", inner[0], 0), _pair("reason", inner[1], 1))
        yield Table(name, family, path, columns, info.description or "")
    elif _is_model(inner[0]):
        yield from _tables(name, inner[0], family, path)
    else:
        value = _column("value", (), _taken_apart_type(inner[0]), True, info.description or "")
        yield Table(name, family, path, (value,), info.description or "")


def _pair(name: str, annotation: Any, place: int) -> Column:
    return _column(name, (str(place),), _taken_apart_type(annotation), True, f"The {name}.")


def _columns(name: str, kind: _Type, info: FieldInfo) -> Iterator[Column]:
    if not _is_model(kind.base):
        yield _column(name, (name,), kind, info.is_required(), info.description or "")
        return
    for inner_name, inner in kind.base.model_fields.items():
        inner_kind = _taken_apart(inner)
        path = (name, inner_name)
        yield _column("_".join(path), path, inner_kind, False, inner.description or "")


def _column(name: str, path: tuple[str, ...], kind: _Type, required: bool, description: str) -> Column:
    if kind.base not in KINDS or len(name) > LONGEST_NAME:
        raise Undeclarable(f"{name}: {kind.base} of {len(name)} characters")
    code, reference, named = kind.mark(Code), kind.mark(ReferenceTo), kind.mark(ColumnName)
    return Column(
        name=named.name if named else name,
        kind=KINDS[kind.base],
        path=path,
        required=required and not kind.optional,
        description=description,
        codelist=code.codelist if code else None,
        refers_to=reference.family if reference else None,
        release=kind.mark(Release) or Release.KEEP,
        field_class=kind.mark(FieldClass),
        of_others=kind.mark(OfOthers),
    )


def _taken_apart(info: FieldInfo) -> _Type:
    inner = _taken_apart_type(info.annotation)
    return _Type(inner.base, inner.optional, (*info.metadata, *inner.marks))


def _taken_apart_type(annotation: Any) -> _Type:
    if get_origin(annotation) is Annotated:
        inner = _taken_apart_type(annotation.__origin__)
        return _Type(inner.base, inner.optional, (*annotation.__metadata__, *inner.marks))
    if get_origin(annotation) in (Union, UnionType):
        (given,) = [arm for arm in get_args(annotation) if arm is not type(None)]
        inner = _taken_apart_type(given)
        return _Type(inner.base, True, inner.marks)
    return _Type(annotation, False, ())


def _is_model(base: Any) -> bool:
    return isinstance(base, type) and issubclass(base, BaseModel)


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())
