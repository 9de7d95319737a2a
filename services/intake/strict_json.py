"""JSON as the contract takes it: no duplicate keys, NaN, NUL, lone surrogates or huge integers."""

import hashlib
import json
import re
from typing import Any

import orjson
import rfc8785

LARGEST = 2**53 - 1
DEEPEST = 32
"""Levels of nesting; no contract has more than five."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_FRACTION = re.compile(rb"[:,\[]-?\d+[.e]")
"""A number with a fraction or an exponent, in an object or list of compact JSON; it may also be found within a text."""
_BEFORE_BLANK = (b'""', b'" ', b'"\\')
"""How a blank text begins in compact JSON of ASCII; others may too."""


class NotJson(ValueError):
    """The text is not JSON as the contract takes it; the message says why, without repeating it."""


def parse(body: bytes) -> Any:
    """The value of a JSON text in UTF-8; raises NotJson."""
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise NotJson("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg.lower()} at character {error.pos + 1}") from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise NotJson("it is nested too deeply")
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(one, levels - 1) for one in inner if isinstance(one, dict | list))


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a parsed value; raises NotJson for what UTF-8 or a database cannot hold.

    orjson writes that form, but for numbers with a fraction and the order of keys
    beyond ASCII: where there may be such, the slower library does it.
    """
    try:
        form = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        if not form.isascii() or isinstance(value, float) or _FRACTION.search(form):
            form = rfc8785.dumps(value)
    except (orjson.JSONEncodeError, rfc8785.CanonicalizationError, UnicodeError):
        raise NotJson("it holds a character that is not one (a lone surrogate)") from None
    if b"\\u0000" in form and _NUL.search(form):
        raise NotJson("it holds a NUL character")
    return form


def sha256(text: bytes) -> str:
    """The hex SHA-256 of a text: a record is known by that of its canonical form."""
    return hashlib.sha256(text).hexdigest()


def without_blanks(value: Any, form: bytes) -> Any:
    """The value, of that canonical form, with every member that is null or blank text left out: both equal absent."""
    may_have = b"null" in form or (any(mark in form for mark in _BEFORE_BLANK) or not form.isascii())
    return _without_blanks(value) if may_have else value


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_blanks(member) for name, member in value.items() if not _is_blank(member)}
    return [_without_blanks(item) for item in value] if isinstance(value, list) else value


def _is_blank(member: Any) -> bool:
    return member is None or (isinstance(member, str) and not member.strip())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise NotJson("an object has the same key twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > LARGEST:
        raise NotJson("it holds an integer beyond 2^53-1")
    return int(digits)


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise NotJson("it holds a number out of range")
    return value


def _refused(name: str) -> Any:
    raise NotJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_refused)
