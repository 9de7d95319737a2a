"""A client of the service over HTTP: gets its token, posts batches, reads their results."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.sender.patience import Patience, Refused

RENEW_BEFORE = 60
"""Seconds before its end at which a token is renewed."""
NDJSON = "application/x-ndjson"


class TooLarge(Refused):
    """The service, or a proxy before it, takes no batch of this size; nothing of it was kept."""


@dataclass(frozen=True)
class Report:
    """What became of a batch: its id, and a result a line, in order."""

    batch: str
    results: Sequence[dict[str, Any]]


@dataclass
class SourceClient:
    """One source's client."""

    http: httpx.Client
    source: str
    client_id: str
    client_secret: str = field(repr=False)
    patience: Patience = field(default_factory=Patience)
    _token: str = field(default="", repr=False)
    _good_until: float = 0.0

    def post_batch(self, lines: Sequence[bytes], key: str, validate_only: bool = False) -> Report:
        """Post one batch of JSON lines; under the same key again, the first report. Raises Refused, TooLarge."""
        headers = {"Content-Type": NDJSON, "Idempotency-Key": key}
        parameters = {"validate": "only"} if validate_only else {}
        url = f"/v1/sources/{self.source}/batches"
        answer = self._call("POST", url, content=b"\n".join(lines), headers=headers, params=parameters)
        told = _object(answer.content, "batch", "results_url")
        results = self._call("GET", told["results_url"]).content.split(b"\n")
        report = Report(told["batch"], [_object(line, "result") for line in results if line])
        if len(report.results) != len(lines):
            raise Refused(f"the service gave {len(report.results)} results for {len(lines)} lines")
        return report

    def _call(self, method: str, url: str, *, headers: dict[str, str] | None = None, **request: Any) -> httpx.Response:
        answer = self._with_token(method, url, headers or {}, request)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._good_until = 0.0
            answer = self._with_token(method, url, headers or {}, request)
        return _taken(answer)

    def _with_token(self, method: str, url: str, headers: dict[str, str], request: dict[str, Any]) -> httpx.Response:
        held = headers | {"Authorization": f"Bearer {self._current_token()}"}
        return self.patience.answer(lambda: self.http.request(method, url, headers=held, **request))

    def _current_token(self) -> str:
        if time.monotonic() > self._good_until - RENEW_BEFORE:
            form = {"grant_type": "client_credentials"}
            auth = (self.client_id, self.client_secret)
            answer = _taken(self.patience.answer(lambda: self.http.post("/oauth/token", data=form, auth=auth)))
            told = _object(answer.content, "access_token", "expires_in")
            self._token = told["access_token"]
            self._good_until = time.monotonic() + told["expires_in"]
        return self._token


def _taken(answer: httpx.Response) -> httpx.Response:
    """The answer, where it is a success; raises Refused with its problem's title."""
    if answer.is_success:
        return answer
    refusal = TooLarge if answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE else Refused
    raise refusal(_title(answer))


def _title(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["title"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {answer.status_code}"


def _object(body: bytes, *members: str) -> dict[str, Any]:
    """The JSON object of an answer; raises Refused where it lacks a member, as what is not Kith's does."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found.keys() >= set(members):
        raise Refused("the answer is not one of Kith's; is the address that of its service?")
    return found
