"""Hostile requests as data: methods, targets and headers that no honest system sends."""

import base64
import json
from collections.abc import Mapping

LONG = "x" * 20_000
TARGETS: Mapping[str, str] = {
    "a slash, encoded": "{source}/children/a%2Fb",
    "a dot segment": "{source}/children/../../../../etc/passwd",
    "a dot segment, encoded": "{source}/children/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "a file of the documentation": "/static-offline-docs/..%2f..%2f..%2fetc%2fpasswd",
    "a long name in the documentation": "/static-offline-docs/" + LONG,
    "NUL": "{source}/children/a%00b",
    "NUL, encoded twice": "{source}/children/a%2500b",
    "NUL in the query": "{source}/children/a/versions?after=%00",
    "a byte that is no UTF-8": "{source}/children/%ff",
    "a surrogate": "{source}/children/%ed%a0%80",
    "a newline": "{source}/children/a%0d%0aSet-Cookie:x",
    "fullwidth digits for a version": "{source}/children/a/versions/%EF%BC%91",
    "a version of 5,000 digits": "{source}/children/a/versions/" + "9" * 5_000,
    "a negative version": "{source}/children/a/versions/-1",
    "a broken escape": "{source}/children/%zz%",
    "a long source_id": "{source}/children/" + LONG,
    "a long query": "{source}/children/a?" + LONG,
    "thousands of parameters": "{source}/children/a/versions?" + "after=1&" * 5_000,
    "a query of bytes that are no UTF-8": "{source}/children/a/versions?after=%ff%fe",
    "a raw byte in the query": "{source}/children/a/versions?after=\xff",
    "limit 0": "{source}/children/a/versions?limit=0",
    "a negative limit": "/v1/quality/findings?limit=-1",
    "a huge after": "/v1/quality/findings?after=" + "9" * 5_000,
    "the largest after": "/v1/quality/findings?after=" + "9" * 18,
    "fullwidth digits in after": "/v1/quality/findings?after=%EF%BC%91",
    "after that is no number": "/v1/quality/findings?after=1e3",
    "a run of 5,000 digits": "/v1/quality/scorecards?run=" + "9" * 5_000,
    "the largest run": "/v1/quality/scorecards?run=" + "9" * 18,
    "a filter of bytes that are no UTF-8": "/v1/quality/scorecards?family=%ff%fe",
    "the page of a long rule": "/rules/" + LONG,
    "an unknown source": "/v1/sources/nobody-here/children/a",
    "an unknown family": "{source}/unicorns/a",
    "an unknown code list": "/v1/codelists/..%2f..%2fregistry",
    "a long rule": "/v1/rules/" + LONG,
    "an unknown batch": "/v1/batches/'%20OR%201=1--/results",
    "a problem": "/problems/%3Cscript%3E",
    "two slashes": "//evil.test/v1/rules",
    "another host": "http://evil.test/v1/rules",
    "a semicolon": "{source}/children/a;jsessionid=1",
    "a fragment": "/v1/rules#x",
    "an asterisk": "*",
}
"""Targets of a GET; {source} is the caller's own."""

HEADERS: Mapping[str, Mapping[str, str]] = {
    "a Host that is no host": {"Host": "[::1"},
    "an empty Host": {"Host": ""},
    "a Host of odd bytes": {"Host": "\xff\xfe:99999999"},
    "a huge header": {"X-Huge": "x" * 60_000},
    "a request id too long": {"X-Request-ID": "x" * 5_000},
    "a request id that is none": {"X-Request-ID": "<script>\xe9"},
    "an empty request id": {"X-Request-ID": ""},
    "odd bytes in Accept": {"Accept": "\xff\xfe\x80"},
    "a forwarded address": {"X-Forwarded-For": "'; DROP TABLE journal", "Forwarded": "for=\xff"},
    "a range": {"Range": "bytes=0-,0-,0-,0-" + ",0-" * 1_000},
    "a date that is none": {"If-Modified-Since": "yesterday\xff"},
    "an upgrade": {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x"},
    "a smuggled upgrade": {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "\xff"},
    "an origin": {"Origin": "null", "Access-Control-Request-Method": "PUT"},
}
"""Headers beside a good token."""


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(header: object, claims: object = {"sub": "x", "scope": "records.write", "exp": 1}) -> str:
    return f"Bearer {segment(header)}.{segment(claims)}.AAAA"


AUTHORISATIONS: Mapping[str, str] = {
    "nothing": "",
    "a scheme alone": "Bearer",
    "an empty token": "Bearer ",
    "two tokens": "Bearer a b",
    "no JWT": "Bearer abc",
    "dots": "Bearer ..",
    "many dots": "Bearer " + "." * 5_000,
    "odd bytes": "Bearer \xff\xfe.\xe9.\x80",
    "alg none": unsigned({"alg": "none"}),
    "alg that is no text": unsigned({"alg": {}, "kid": "x"}),
    "alg RS256": unsigned({"alg": "RS256", "kid": "x"}),
    "kid that is a number": unsigned({"alg": "HS256", "kid": 1}),
    "kid that is an object": unsigned({"alg": "HS256", "kid": {"a": []}}),
    "kid that is a list": unsigned({"alg": "HS256", "kid": ["x"]}),
    "a long kid": unsigned({"alg": "HS256", "kid": "k" * 30_000}),
    "a header that is a list": unsigned([]),
    "a deep header": "Bearer " + base64.urlsafe_b64encode(b"[" * 30_000).decode() + ".e30.AAAA",
    "an integer of 5,000 digits": "Bearer " + base64.urlsafe_b64encode(b'{"alg":' + b"9" * 5_000).decode() + ".e30.AA",
    "crit": unsigned({"alg": "HS256", "kid": "x", "crit": ["b64"], "b64": False}),
    "Basic for a call that takes a token": "Basic eDp5",
    "an unknown scheme": "Negotiate abc",
}

BASICS: Mapping[str, str] = {
    "odd bytes": "Basic \xe9\xff",
    "no base64": "Basic ????",
    "no colon": "Basic " + base64.b64encode(b"abc").decode(),
    "bytes that are no UTF-8": "Basic " + base64.b64encode(b"\xff:\xfe").decode(),
    "NUL": "Basic " + base64.b64encode(b"a\0b:c\0d").decode(),
    "NUL, encoded": "Basic " + base64.b64encode(b"a%00b:c%00d").decode(),
    "a surrogate": "Basic " + base64.b64encode(b"%ed%a0%80:x").decode(),
    "a long id": "Basic " + base64.b64encode(b"a" * 30_000 + b":x").decode(),
    "SQL": "Basic " + base64.b64encode(b"' OR 1=1--:x").decode(),
    "a bearer": "Bearer abc",
}

FORMS: Mapping[str, bytes] = {
    "nothing": b"",
    "odd bytes": b"\xff\xfe=\x00",
    "NUL": b"grant_type=client_credentials&scope=%00",
    "grant_type twice": b"grant_type=client_credentials&grant_type=client_credentials",
    "another grant": b"grant_type=password&username=a&password=b",
    "scope of odd bytes": b"grant_type=client_credentials&scope=%ff%ed%a0%80",
    "a long scope": b"grant_type=client_credentials&scope=" + b"a+" * 7_000,
    "thousands of fields": b"a=1&" * 4_000,
    "JSON": b'{"grant_type":"client_credentials"}',
    "one byte too many": b"a" * 16_385,
}

IF_MATCHES = ("*", "", '"', '""', 'W/"1"', '"1", "2"', '"-1"', '"²"', '"' + "9" * 5_000 + '"', "1", "\xff", '"0"')

CONTENT_TYPES = (
    "",
    "text/plain",
    "application/json; charset=utf-16",
    "application/json; charset=\xff",
    "application/json, application/json",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "\xff/\xfe",
    ";" * 5_000,
)

CONTENT_LENGTHS = ("-1", "+5", "²", "0x10", "1e3", "abc", "9" * 18, "9" * 5_000, " ", "5, 5", "1_0")
METHODS = ("DELETE", "PATCH", "TRACE", "PROPFIND", "OPTIONS", "HEAD", "CONNECT", "get", "BREW", "G\xc9T")
