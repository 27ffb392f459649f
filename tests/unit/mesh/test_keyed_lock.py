"""One at a time for each key, and nothing kept of keys that nobody wants."""

import asyncio

import pytest

from mesh.keyed_lock import KeyedLock


async def test_blocks_of_one_key_follow_each_other_and_those_of_others_do_not_wait() -> None:
    lock, happened = KeyedLock(), []

    async def hold(key: str, turns: int) -> None:
        async with lock.holding(key):
            happened.append(f"{key} in")
            for _ in range(turns):
                await asyncio.sleep(0)
            happened.append(f"{key} out")

    await asyncio.gather(hold("a", 5), hold("a", 1), hold("b", 1))
    assert [step for step in happened if step[0] == "a"] == ["a in", "a out"] * 2
    assert happened.index("b out") < happened.index("a out")
    assert len(lock) == 0


async def test_one_that_gives_up_waiting_or_fails_lets_the_next_one_in() -> None:
    lock, held = KeyedLock(), asyncio.Event()

    async def hold_forever() -> None:
        async with lock.holding("a"):
            held.set()
            await asyncio.sleep(60)

    holder = asyncio.ensure_future(hold_forever())
    await held.wait()
    waiter = asyncio.ensure_future(hold_forever())
    await asyncio.sleep(0)
    waiter.cancel()
    holder.cancel()
    await asyncio.gather(waiter, holder, return_exceptions=True)
    with pytest.raises(LookupError):
        async with lock.holding("a"):
            raise LookupError
    assert len(lock) == 0
