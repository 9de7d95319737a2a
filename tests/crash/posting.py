"""Sources that post, and one that follows the feed, whatever becomes of the service meanwhile."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Any

import httpx

from tests.crash.calls import Call, Drawn

ANSWERED = (200, 201, 409, 422)
MOST_UNANSWERED = 4
PATIENCE_SECONDS, PAUSE_SECONDS = 90.0, 0.2


class Client(Thread):
    """A client of the service in a thread of its own; `stop` ends it and waits for its end."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__(daemon=True)
        self.http, self.stopping = http, Event()

    def stop(self) -> None:
        self.stopping.set()
        self.join()


class Poster(Client):
    """One source: posts its calls, sends again what was not acknowledged, and some of what was."""

    def __init__(self, http: httpx.Client, source: str, drawn: Drawn) -> None:
        super().__init__(http)
        self.source, self.calls = source, list[Call]()
        self.statuses, self.resent = Counter[int](), 0
        self.wrong: list[str] = []
        self._drawn, self._unanswered = drawn, list[Call]()

    def run(self) -> None:
        """Post until it is stopped, and then until everything is acknowledged."""
        while not self.stopping.is_set():
            self._send(self._next())
        end = time.monotonic() + PATIENCE_SECONDS
        while self._unanswered and time.monotonic() < end:
            self._send(self._unanswered[0])
        self.wrong += [f"never acknowledged in {PATIENCE_SECONDS:.0f} seconds" for _ in self._unanswered]

    def _next(self) -> Call:
        drawing = self._drawn.random
        if self._unanswered and (len(self._unanswered) >= MOST_UNANSWERED or drawing.random() < 0.3):
            return drawing.choice(self._unanswered)
        if self.calls and drawing.random() < 0.1:
            return drawing.choice(self.calls[-20:])
        self.calls.append(self._drawn.call())
        return self.calls[-1]

    def _send(self, call: Call) -> None:
        method, path = call.address(self.source)
        try:
            answer = self.http.request(method, path, content=call.body.encode(), headers=call.headers)
        except httpx.TransportError as error:
            call.sent += not isinstance(error, httpx.ConnectError)
            self._unacknowledged(call)
            return
        self.resent += call.sent > 0
        call.sent += 1
        self.statuses[answer.status_code] += 1
        if answer.status_code in ANSWERED:
            self._acknowledged(call, answer)
        else:
            self._refused(call, answer)

    def _acknowledged(self, call: Call, answer: httpx.Response) -> None:
        told = answer.json() | {"version_held": answer.headers.get("ETag", "").strip('"')}
        if answer.status_code == 422 and call.is_kept:
            self.wrong.append(f"refused: {told.get('errors')}")
        call.answers.append(told)
        self._settled(call)
        if call.is_kept:
            self._drawn.known |= {change.key: None for change in call.changes if change.is_put}

    def _settled(self, call: Call) -> None:
        """There is no use in sending it again."""
        if call in self._unanswered:
            self._unanswered.remove(call)

    def _refused(self, call: Call, answer: httpx.Response) -> None:
        if answer.status_code == 503 and "Retry-After" in answer.headers:
            self._unacknowledged(call)
        else:
            self.wrong.append(f"answered {answer.status_code}")
            self._settled(call)

    def _unacknowledged(self, call: Call) -> None:
        if call not in self._unanswered and not call.answers:
            self._unanswered.append(call)
        time.sleep(PAUSE_SECONDS)


class Follower(Client):
    """Follows the changes feed: every entry it was ever given, in the order given."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__(http)
        self.entries: list[Mapping[str, Any]] = []

    def run(self) -> None:
        while not self.stopping.wait(0.1):
            try:
                self.entries += following(self.http, self.entries[-1]["seq"] if self.entries else 0)
            except httpx.HTTPError:
                continue


def following(http: httpx.Client, after: int) -> list[Mapping[str, Any]]:
    """Every entry of the feed after a number."""
    found: list[Mapping[str, Any]] = []
    go_on: int | None = after
    while go_on is not None:
        answer = http.get("/v1/changes", params={"after": go_on, "limit": 1000}).raise_for_status().json()
        found += answer["items"]
        go_on = answer["next"]
    return found


def wait_for(true: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"it did not come about in {seconds:.0f} seconds")
        time.sleep(0.02)
