"""Columns of values as PostgreSQL takes arrays in binary.

psycopg's own way asks of each value how it is to be sent. A column holds values
of one kind, so that it is packed at once, in half the time; instants, where that
gains nothing, are left to psycopg.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from struct import Struct, pack
from typing import Any

from psycopg.adapt import Dumper
from psycopg.pq import Format

_LENGTH = Struct("!i").pack
_NULL = _LENGTH(-1)
_HEAD = Struct("!iiIii").pack
_DAY_ONE = date(2000, 1, 1).toordinal()
_SHORT = 4096


class Array:
    """One column's values, packed."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


class ArrayDumper(Dumper):
    """What hands an Array to PostgreSQL; the statement's cast says which kind of array it is."""

    format = Format.BINARY
    oid = 0

    def dump(self, obj: Array) -> bytes:
        return obj.packed


def array(kind: str, values: Sequence[Any]) -> Array | list[Any]:
    """Values of a PostgreSQL type, null among them or not, as an array: packed, or as psycopg takes one."""
    if kind not in _KINDS:
        return list(values)
    number, packed = _KINDS[kind]
    return Array(_HEAD(1, None in values, number, len(values), 1) + packed(values))


def _texts(values: Sequence[str | None]) -> bytes:
    """Texts after their lengths: ASCII ones, where a byte is a character, are joined before they are encoded."""
    if not "".join(filter(None, values)).isascii():
        return b"".join(_NULL if value is None else _text(value) for value in values)
    parts = [""] * (2 * len(values))
    parts[0::2] = [_AS_TEXT[-1 if value is None else len(value)] for value in values]
    parts[1::2] = [value or "" for value in values]
    return "".join(parts).encode("latin-1")


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH(len(encoded)) + encoded


class _Lengths(dict[int, str]):
    """Lengths as they are sent, each byte a character; short ones are remembered."""

    def __missing__(self, length: int) -> str:
        sent = _LENGTH(length).decode("latin-1")
        return self.setdefault(length, sent) if length < _SHORT else sent


_AS_TEXT = _Lengths()


def _days(values: Sequence[date | None]) -> bytes:
    return _fixed("i", 4, [None if value is None else value.toordinal() - _DAY_ONE for value in values])


def _fixed(form: str, size: int, values: Sequence[Any]) -> bytes:
    """Values of one size, each after its length."""
    if None in values:
        each = Struct(f"!i{form}").pack
        return b"".join(_NULL if value is None else each(size, value) for value in values)
    flat = [size] * (2 * len(values))
    flat[1::2] = values
    return pack(f"!{f'i{form}' * len(values)}", *flat)


def _bigs(values: Sequence[int | None]) -> bytes:
    return _fixed("q", 8, values)


def _integers(values: Sequence[int | None]) -> bytes:
    return _fixed("i", 4, values)


def _flags(values: Sequence[bool | None]) -> bytes:
    return _fixed("?", 1, values)


_KINDS: Mapping[str, tuple[int, Callable[[Sequence[Any]], bytes]]] = {
    "TEXT": (25, _texts),
    "VARCHAR": (1043, _texts),
    "BIGINT": (20, _bigs),
    "INTEGER": (23, _integers),
    "BOOLEAN": (16, _flags),
    "DATE": (1082, _days),
}
"""Each type's own number in PostgreSQL, and what packs values of it."""
