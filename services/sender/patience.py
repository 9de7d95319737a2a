"""When to ask again, how long to wait before, and when to stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from random import uniform

import httpx

PATIENCE = 300.0
"""Seconds that one call is tried for, unless told otherwise."""
ASKED_AGAIN = frozenset((429, 502, 503, 504))
"""Statuses that say nothing against the request itself."""
LONGEST_WAIT = 120.0
"""Seconds after which it asks again, whatever Retry-After says."""
FIRST_WAIT, LONGEST_STEP = 0.5, 30.0
"""Seconds of the exponential back-off where no Retry-After is given."""


class Refused(Exception):
    """The service refused a call; the message is its problem's title."""


class OutOfPatience(Refused):
    """The service could not be reached, or was not ready, for as long as the sender waits."""


@dataclass(frozen=True)
class Patience:
    """How long one call is tried; `told` hears of each wait, in a sentence."""

    seconds: float = PATIENCE
    told: Callable[[str], None] = lambda text: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def answer(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """The first answer that is one; raises OutOfPatience, or Refused for what no waiting mends."""
        end = self.clock() + self.seconds
        for tries in count():
            answer, why = _tried(ask)
            if answer is not None and answer.status_code not in ASKED_AGAIN:
                return answer
            left = end - self.clock()
            if left <= 0:
                raise OutOfPatience(f"{why}, and nothing better came in {self.seconds:g} seconds")
            wait = min(left, _asked_for(answer) or _backed_off(tries))
            self.told(f"{why[:1].upper()}{why[1:]}; asking again in {wait:.0f} s.")
            self.sleep(wait)
        raise AssertionError


def _tried(ask: Callable[[], httpx.Response]) -> tuple[httpx.Response | None, str]:
    """The answer if one came, and what happened in words."""
    try:
        answer = ask()
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
        raise Refused(f"the address cannot be called: {error}") from error
    except httpx.TransportError as error:
        return None, f"the connection failed ({type(error).__name__})"
    return answer, f"the service answered {answer.status_code}"


def _asked_for(answer: httpx.Response | None) -> float | None:
    """The seconds of Retry-After, given as such or as an HTTP date; never more than LONGEST_WAIT."""
    given = answer.headers.get("retry-after", "").strip() if answer is not None else ""
    if given.isdecimal():
        return min(float(given), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)


def _backed_off(tries: int) -> float:
    """Twice as long after each try, by chance a little less, so that not all senders come at once."""
    step = min(FIRST_WAIT * 2.0 ** min(tries, 16), LONGEST_STEP)
    return step * uniform(0.5, 1)  # noqa: S311
