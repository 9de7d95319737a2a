"""Small pieces of work done together: whoever asks while a round goes on is served by the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

MOST = 64
QUIET_TURNS, MOST_TURNS = 3, 16
"""Turns of the loop: in one a request arrives, in the next it is read, and in the third it asks."""


class Gathering(Generic[Item, Made]):
    """Calls `work` with the items gathered, in a thread of its own, and hands each asker its own result.

    Nobody waits for a round to fill: an item that finds no round going on is done
    as soon as the loop has nobody else at hand. Where a round fails, each of its items is done alone, in threads of
    the loop's own, so that one item can neither spoil nor hold up the others.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Made]], most: int = MOST) -> None:
        self._work, self._most = work, most
        self._waiting: deque[tuple[Item, asyncio.Future[Made]]] = deque()
        self._thread = ThreadPoolExecutor(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_busy = False

    async def __call__(self, item: Item) -> Made:
        """What `work` makes of one item; raises what it raises."""
        asked: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, asked))
        if not self._is_busy:
            self._is_busy = True
            self._start(self._rounds())
        return await asked

    def close(self) -> None:
        self._thread.shutdown()

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _rounds(self) -> None:
        while self._waiting:
            await self._all_at_hand()
            some = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            await self._round(some)
        self._is_busy = False

    async def _all_at_hand(self) -> None:
        """Let those join that the loop has at hand: it goes round until a few turns have brought nobody more."""
        quiet, there = 0, len(self._waiting)
        for _ in range(MOST_TURNS):
            await asyncio.sleep(0)
            quiet, there = quiet + 1 if len(self._waiting) == there else 0, len(self._waiting)
            if quiet == QUIET_TURNS or there >= self._most:
                return

    async def _round(self, some: Sequence[tuple[Item, "asyncio.Future[Made]"]]) -> None:
        try:
            made = await self._done([item for item, _ in some], self._thread)
        except Exception as error:
            if len(some) == 1:
                _fail(some[0][1], error)
            else:
                self._each_alone(some)
        else:
            for (_, asked), result in zip(some, made, strict=True):
                if not asked.done():
                    asked.set_result(result)

    def _each_alone(self, some: Sequence[tuple[Item, "asyncio.Future[Made]"]]) -> None:
        for item, asked in some:
            self._start(self._alone(item, asked))

    async def _alone(self, item: Item, asked: "asyncio.Future[Made]") -> None:
        try:
            (made,) = await self._done([item], None)
        except Exception as error:
            _fail(asked, error)
        else:
            if not asked.done():
                asked.set_result(made)

    async def _done(self, items: Sequence[Item], threads: ThreadPoolExecutor | None) -> Sequence[Made]:
        return await asyncio.get_running_loop().run_in_executor(threads, self._work, items)


def _fail(asked: "asyncio.Future[Any]", error: Exception) -> None:
    if not asked.done():
        asked.set_exception(error)
