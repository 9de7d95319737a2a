"""Work done together: each gets its own result, and a failure stays with whoever caused it."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from services.store.gathering import Gathering


def doubled(numbers: Sequence[int]) -> list[int]:
    if 13 in numbers:
        raise ValueError("thirteen")
    return [2 * number for number in numbers]


async def asked(gathering: Gathering[int, int], numbers: Sequence[int]) -> list[int | BaseException]:
    return await asyncio.gather(*(gathering(number) for number in numbers), return_exceptions=True)


def test_each_asker_gets_its_own_result() -> None:
    assert asyncio.run(asked(Gathering(doubled), range(20, 200))) == [2 * number for number in range(20, 200)]


def test_a_failure_stays_with_whoever_caused_it() -> None:
    results = asyncio.run(asked(Gathering(doubled), range(20)))
    assert isinstance(results.pop(13), ValueError)
    assert results == [2 * number for number in range(20) if number != 13]


def test_whoever_asks_while_a_round_goes_on_shares_the_next() -> None:
    rounds: list[int] = []
    first_began, go_on = threading.Event(), threading.Event()

    def work(numbers: Sequence[int]) -> list[int]:
        rounds.append(len(numbers))
        first_began.set()
        go_on.wait(10)
        return list(numbers)

    async def run() -> None:
        gathering = Gathering(work, most=4)
        first = asyncio.create_task(gathering(0))
        await asyncio.to_thread(first_began.wait, 10)
        others = [asyncio.create_task(gathering(number)) for number in range(1, 7)]
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(first, *others) == list(range(7))

    asyncio.run(run())
    assert rounds == [1, 4, 2]


def test_whoever_the_loop_has_at_hand_shares_a_round() -> None:
    """A request that arrives with another asks a few turns later, having been read."""
    rounds: list[list[int]] = []

    def work(numbers: Sequence[int]) -> Sequence[int]:
        rounds.append(list(numbers))
        return numbers

    async def asked_after(gathering: Gathering[int, int], turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await gathering(turns)

    async def run() -> None:
        gathering = Gathering(work)
        assert await asyncio.gather(*(asked_after(gathering, turns) for turns in (0, 2, 4, 5))) == [0, 2, 4, 5]
        await gathering(9)

    asyncio.run(run())
    assert rounds == [[0, 2, 4, 5], [9]]


def test_an_asker_that_goes_away_holds_up_nobody() -> None:
    async def run() -> int:
        gathering = Gathering(doubled)
        gone = asyncio.create_task(gathering(1))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await gathering(2)

    assert asyncio.run(run()) == 4
