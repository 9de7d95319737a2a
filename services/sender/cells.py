"""A cell of a CSV as the value that a record holds, by the kind of its column."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas.fields import Instant, OnDate

_DAY, _INSTANT = TypeAdapter(OnDate), TypeAdapter(Instant)
_WORDS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


class Unreadable(ValueError):
    """A cell that its column's kind cannot be read from: what is wrong, never the value, and how to mend it."""

    def __init__(self, says: str, hint: str) -> None:
        super().__init__(says)
        self.says, self.hint = says, hint


def read_cell(kind: str, text: str) -> Any:
    """The value of a cell, None where it is blank; raises Unreadable."""
    return READERS[kind](text) if text.strip() else None


def _text(text: str) -> str:
    return text


def _boolean(text: str) -> bool:
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise Unreadable("this is neither true nor false", "write true or false (or yes, no; y, n; 1, 0)") from None


def _integer(text: str) -> int:
    if re.fullmatch(r"[+-]?\d{1,15}", text.strip(), re.ASCII):
        return int(text)
    raise Unreadable("this is not a whole number", "write digits only, without separators, as in 12")


def _number(text: str) -> float:
    if re.fullmatch(r"[+-]?\d{1,15}(\.\d+)?(e[+-]?\d{1,2})?", text.strip(), re.ASCII | re.I):
        return float(text)
    raise Unreadable("this is not a number", "write digits with a full stop before decimals, as in 1200.5")


def _day(text: str) -> str:
    hint = "write dates YYYY-MM-DD, as in 2025-03-04; a spreadsheet may have changed how they are written"
    return _checked(_DAY, text, "this is not a date that exists, written YYYY-MM-DD", hint)


def _instant(text: str) -> str:
    hint = "write the date, T, the time and its offset from UTC, as in 2025-03-04T16:40:00+00:00"
    return _checked(_INSTANT, text, "this is not an instant with its offset from UTC", hint)


def _checked(of: TypeAdapter[Any], text: str, says: str, hint: str) -> str:
    try:
        of.validate_python(text.strip())
    except ValidationError:
        raise Unreadable(says, hint) from None
    return text.strip()


READERS: Mapping[str, Callable[[str], Any]] = {
    "text": _text,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "instant": _instant,
    "date": _day,
}
"""A reader for each kind of column in schemas.tables.KINDS."""
