"""JSON as the contract takes it: no duplicate keys, NaN, NUL, lone surrogates or huge integers."""

import hashlib
import json
import re
from typing import Any

import rfc8785

LARGEST = 2**53 - 1
DEEPEST = 32
"""Levels of nesting; no contract has more than five."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_FRACTION = re.compile(r"[:,\[]-?\d+[.e]")
"""A number with a fraction or an exponent, in an object or list of compact JSON; it may also be found within a text."""
_BLANK = re.compile(r'"(?:\s|\\[nrtf]|\\u00[01][0-9a-f])*"')
"""A blank text in compact JSON; it may also be found within a text."""


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

    Python's own encoder writes that form, but for numbers with a fraction and
    the order of keys beyond ASCII: where there may be such, the library does it.
    """
    try:
        text = _ENCODER.encode(value)
        plain = text.isascii() and not isinstance(value, float) and not _FRACTION.search(text)
        form = text.encode() if plain else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError):
        raise NotJson("it holds a character that is not one (a lone surrogate)") from None
    if b"\\u0000" in form and _NUL.search(form):
        raise NotJson("it holds a NUL character")
    return form


def sha256(canonical_form: bytes) -> str:
    """The hex SHA-256 that a record is known by."""
    return hashlib.sha256(canonical_form).hexdigest()


def without_blanks(value: Any, form: bytes) -> Any:
    """The value, of that canonical form, with every member that is null or blank text left out: both equal absent."""
    text = form.decode()
    return _without_blanks(value) if "null" in text or _BLANK.search(text) else value


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
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
