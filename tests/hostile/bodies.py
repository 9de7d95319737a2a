"""Hostile bodies as data: members, values and whole texts that no honest system posts.

Every body that is made from a record carries SECRET, which no answer may repeat.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any

SECRET = "Moira Sampleton"
DEEP = 1_000_000
FREE_TEXT = {
    "children": "given_name",
    "referrals": "summary",
    "plans": "child_view",
    "chronologies": "description",
    "care_episodes": "child_view",
    "child_protection": "child_view",
}
"""A field of each family that takes any text."""

MEMBERS: Mapping[str, bytes] = {
    "NUL, raw": b'"extra":"a\0b"',
    "NUL, escaped": rb'"extra":"a\u0000b"',
    "NUL in a key": rb'"a\u0000b":1',
    "NUL behind backslashes": rb'"extra":"\\\\\u0000"',
    "a control character, raw": b'"extra":"a\x1bb"',
    "a lone high surrogate": rb'"extra":"\ud800"',
    "a lone low surrogate": rb'"extra":"\udc00x"',
    "surrogates the wrong way round": rb'"extra":"\udc00\ud800"',
    "a lone surrogate in a key": rb'"\ud800":1',
    "NaN": b'"extra":NaN',
    "Infinity": b'"extra":Infinity',
    "-Infinity": b'"extra":-Infinity',
    "1e999": b'"extra":1e999',
    "-1e999": b'"extra":-1e999',
    "2^53": b'"extra":9007199254740992',
    "an integer of 5,000 digits": b'"extra":' + b"9" * 5_000,
    "an integer of 100,000 digits": b'"extra":-' + b"9" * 100_000,
    "a long mantissa": b'"extra":0.' + b"1" * 500_000,
    "a long exponent": b'"extra":1e-' + b"9" * 500_000,
    "a key twice": b'"extra":1,"extra":2',
    "a key twice, once escaped": rb'"extra":1,"\u0065xtra":2',
    "a key twice, within": rb'"extra":{"a":1,"\u0061":2}',
    "recorded_at twice": b'"recorded_at":"2025-01-01T00:00:00Z"',
    "the empty key": b'"":1',
    "a proto key": b'"__proto__":{},"constructor":{},"__class__":"x"',
    "a key of a megabyte": b'"' + b"k" * 900_000 + b'":1',
    "a million letters": b'"extra":"' + b"x" * 900_000 + b'"',
    "backslashes": b'"extra":"' + rb"\\" * 100_000 + b'"',
    "5,000 unknown fields": b",".join(b'"k%d":1' % number for number in range(5_000)),
    "10,000 empty lists": b'"extra":[' + b",".join([b"[]"] * 10_000) + b"]",
    "lists in lists": b'"extra":' + b"[" * 900 + b"]" * 900,
    "objects in objects": b'"extra":' + b'{"a":' * 900 + b"1" + b"}" * 900,
    "invalid UTF-8": b'"extra":"\xff\xfe"',
    "overlong UTF-8": b'"extra":"\xc0\xaf"',
    "a surrogate in UTF-8": b'"extra":"\xed\xa0\x80"',
    "beyond Unicode": b'"extra":"\xf5\x80\x80\x80"',
    "a comment": b'"extra":1/*x*/',
    "a comma at the end": b'"extra":1,',
}
"""Members to end a record with."""

INSTANTS = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "0000-01-01T00:00:00Z",
    "-001-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "2023-02-29T00:00:00Z",
    "2025-01-01T00:00:00",
    "2016-12-31T23:59:60Z",
    "2025-01-01T24:00:00Z",
    "2025-01-01T00:00:00+24:00",
    "2025-01-01T00:00:00+99:99",
    "２０２５-01-01T00:00:00Z",
    "٢٠٢٥-٠١-٠١T٠٠:٠٠:٠٠Z",
    "2025-01-01T00:00:00.1234567Z",
    "2025-01-01T00:00:00Z\n",
    "2025-W01-1T00:00:00Z",
    "1" * 100_000,
)

WHOLE: Mapping[str, bytes] = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "null": b"null",
    "a number": b"1",
    "text": b'"text"',
    "a list": b"[]",
    "an empty object": b"{}",
    "half an object": b'{"recorded_at"',
    "open lists": b"[" * DEEP,
    "lists": b"[" * (DEEP // 2) + b"]" * (DEEP // 2),
    "open objects": b'{"a":' * (DEEP // 5),
    "lists and objects": b'[{"a":' * (DEEP // 6),
    "minus signs": b"-" * DEEP,
    "quotes": b'"' * DEEP,
    "zeros": b"\0" * DEEP,
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"recorded_at":1}'.encode("utf-16"),
    "UTF-32": '{"recorded_at":1}'.encode("utf-32"),
    "gzip, said to be JSON": gzip.compress(b"{}"),
    "a form": b"grant_type=client_credentials",
    "a multipart form": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
    "XML that names a file": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}

STRANGE_TEXTS: Mapping[str, str] = {
    "SQL": "Robert'); DROP TABLE journal;-- \" ` $1 ? :name %s %(x)s",
    "a format": "{0} {x.__class__} %n%n%s ${jndi:ldap://x} {{7*7}} <script>alert(1)</script>",
    "right to left": "\u202eabc\u202c \u200f\u05d0\u05d1 \u061c\u0627",
    "emoji": "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 👶🏽",
    "non-characters": "a\uffff\ufffe\ufdd0\U0001ffff\U0010ffff",
    "zero width": "a\u200b\u200c\u200d\u2060\ufeffb",
    "controls": "a\t\r\n\x01\x08\x1b\x7f\x85\u2028\u2029b",
    "decomposed": "e\u0301 ﬁ İ ı ß \u0344",
    "combining marks": "z" + "\u0335" * 150,
    "backslashes": r"\ \\ \u0000 \x00 \N \. \n",
    "COPY": "\\.\n\\N\t\\.",
    "CSV": '=cmd|"/c calc"!A1,"a""b"\r\n+1-2@x',
}
"""Odd, and as good as any text: kept, and given back as they came."""


def bodies(family: str, record: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Every hostile body that can be made from a record, and those made from nothing."""
    held = dict(record) | {FREE_TEXT[family]: SECRET}
    text = json.dumps(held).encode()
    yield from ((name, text[:-1] + b"," + member + b"}") for name, member in MEMBERS.items())
    dated = next(name for name in held if name.endswith(("_on", "_of_birth")) or name == "received_at")
    for instant in INSTANTS:
        for field in ("recorded_at", dated):
            yield f"{instant[:30]!r} in {field}", json.dumps(held | {field: instant}).encode()
    for name, value in held.items():
        yield from ((f"{odd!r:.20} in {name}", json.dumps(held | {name: odd}).encode()) for odd in odd_values(value))


def odd_values(value: Any) -> Iterator[Any]:
    """What a field does not take in place of its value."""
    if isinstance(value, list) and value:
        yield from (value * (1_001 // len(value) + 1), ["no-such_code"] * 1_000, [[None]])
    else:
        yield from (2**53 - 1, {"a": None}, "\uffff" * 2_000)
