"""A watcher sees each newer state once and ends after the last one."""

import asyncio
from dataclasses import dataclass, field

import pytest

from mesh.watch import Notifier

LAST = 9


@dataclass
class Resource:
    """A row that tests change."""

    notifier: Notifier = field(default_factory=Notifier)
    number: int = 1
    reads: int = 0

    async def read(self) -> int:
        self.reads += 1
        return self.number

    async def watch(self, after: int = 0, poll_seconds: float = 60.0) -> list[int]:
        states = self.notifier.watch(
            "key", self.read, lambda state: state, after, lambda state: state == LAST, poll_seconds
        )
        return [state async for state in states]

    def change(self, number: int) -> None:
        self.number = number
        self.notifier.notify("key")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_each_change_is_seen_once_and_the_last_one_ends_the_watch() -> None:
    resource = Resource()
    watching = asyncio.ensure_future(resource.watch())
    for number in (2, 2, 3, LAST):
        await settle()
        resource.change(number)
    assert await asyncio.wait_for(watching, 30) == [1, 2, 3, LAST]


async def test_states_between_two_reads_are_one() -> None:
    resource = Resource()
    watching = asyncio.ensure_future(resource.watch())
    await settle()
    for number in (2, 3, LAST):
        resource.change(number)
    assert await asyncio.wait_for(watching, 30) == [1, LAST]


async def test_a_watcher_that_comes_back_gets_what_it_missed_and_nothing_twice() -> None:
    resource = Resource(number=LAST)
    assert await resource.watch(after=5) == [LAST]
    assert await resource.watch(after=LAST) == []


async def test_a_change_that_nobody_told_of_is_seen_at_the_next_poll() -> None:
    resource = Resource()
    watching = asyncio.ensure_future(resource.watch(poll_seconds=0.01))
    await settle()
    resource.number = LAST
    assert await asyncio.wait_for(watching, 30) == [1, LAST]


async def test_a_change_during_the_read_is_not_lost() -> None:
    resource = Resource()
    reading = asyncio.Event()
    go_on = asyncio.Event()

    async def slow_read() -> int:
        state = resource.number
        reading.set()
        await go_on.wait()
        return state

    states = resource.notifier.watch("key", slow_read, lambda s: s, 0, lambda s: s == LAST, 60)
    watching = asyncio.ensure_future(_all(states))
    await reading.wait()
    resource.change(LAST)
    go_on.set()
    assert await asyncio.wait_for(watching, 30) == [1, LAST]


async def _all(states: object) -> list[int]:
    return [state async for state in states]  # type: ignore[attr-defined]


async def test_what_the_read_raises_ends_the_watch() -> None:
    async def read() -> int:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await _all(Notifier().watch("key", read, lambda s: s, 0, lambda s: True))


async def test_nothing_is_kept_of_a_watcher_that_left() -> None:
    resource = Resource()
    watching = asyncio.ensure_future(resource.watch())
    await settle()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert not resource.notifier._watchers
