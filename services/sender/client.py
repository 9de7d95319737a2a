"""A client of the service over HTTP: gets its token, posts batches, reads their results."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

RENEW_BEFORE = 60
"""Seconds before its end at which a token is renewed."""


class Refused(Exception):
    """The service refused a call; the message is its problem's title."""


@dataclass
class SourceClient:
    """One source's client; `lines` are batch lines as JSON text without line ends."""

    http: httpx.Client
    source: str
    client_id: str
    client_secret: str
    _token: str = ""
    _good_until: float = 0.0

    def post_batch(self, lines: Sequence[str]) -> list[dict[str, Any]]:
        """Post one batch; one result a line, in order. Raises Refused."""
        answer = self._call("POST", f"/v1/sources/{self.source}/batches", "\n".join(lines))
        results = self._call("GET", answer.json()["results_url"])
        return [json.loads(line) for line in results.text.split("\n") if line]

    def _call(self, method: str, url: str, body: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._current_token()}", "Content-Type": "application/x-ndjson"}
        answer = self.http.request(method, url, content=body, headers=headers)
        if answer.is_error:
            raise Refused(_title(answer))
        return answer

    def _current_token(self) -> str:
        if time.monotonic() > self._good_until - RENEW_BEFORE:
            form = {"grant_type": "client_credentials"}
            answer = self.http.post("/oauth/token", data=form, auth=(self.client_id, self.client_secret))
            if answer.is_error:
                raise Refused(_title(answer))
            self._token = answer.json()["access_token"]
            self._good_until = time.monotonic() + answer.json()["expires_in"]
        return self._token


def _title(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["title"])
    except (ValueError, KeyError):
        return f"the service answered {answer.status_code}"
