"""Token buckets: how often something may happen, in one process."""

import time
from collections.abc import Callable

from services.errors import TooManyRequests

AN_INSTANT = 1e-6
"""Seconds that sums of floating numbers may be out by."""


class Buckets:
    """A bucket for each name: so many a second in the long run, and so many at once after a quiet time.

    Of a bucket only the instant is kept at which it will be full again. Two threads
    that take at the same moment may take one between them, which does no harm.
    """

    def __init__(
        self, per_second: float, at_once: float, title: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._each, self._whole = 1 / per_second, at_once / per_second
        self._title, self._clock = title, clock
        self._full_at: dict[str, float] = {}

    def take(self, name: str) -> None:
        """Take one of what is in the bucket; raises TooManyRequests where it is empty."""
        now = self._clock()
        full_at = max(self._full_at.get(name, now), now) + self._each
        wait = full_at - now - self._whole
        if wait > AN_INSTANT:
            raise TooManyRequests(wait, self._title)
        self._full_at[name] = full_at

    def put_back(self, name: str) -> None:
        """Undo one take."""
        self._full_at[name] -= self._each
