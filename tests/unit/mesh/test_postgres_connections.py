"""What is begun with a PostgreSQL server is ended, however often the caller is told to stop meanwhile."""

import asyncio
from typing import Any

import pytest

from mesh.ports.postgres_connections import connected, to_end


async def cancelled_twice(task: "asyncio.Task[Any]") -> None:
    """As by a deadline, and then by a server that stops."""
    for _ in range(2):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0.01)


async def test_a_commit_is_waited_for_by_who_is_cancelled_twice() -> None:
    answer, committed = asyncio.Event(), asyncio.Event()

    async def commit() -> None:
        await answer.wait()
        committed.set()

    task = asyncio.create_task(to_end(commit()))
    await cancelled_twice(task)
    assert not task.done()
    answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert committed.is_set()


async def test_a_commit_that_fails_after_a_cancellation_is_the_cause_of_it() -> None:
    answer = asyncio.Event()

    async def commit() -> None:
        await answer.wait()
        raise OSError("gone")

    task = asyncio.create_task(to_end(commit()))
    await cancelled_twice(task)
    answer.set()
    with pytest.raises(asyncio.CancelledError) as stopped:
        await task
    assert isinstance(stopped.value.__cause__, OSError)


class Connection:
    """One that a pool gives out, once the server answers."""

    sync_connection = None

    def __init__(self) -> None:
        self.answer = asyncio.Event()
        self.is_back = False

    def connect(self) -> "Connection":
        return self

    async def start(self) -> "Connection":
        await self.answer.wait()
        return self

    async def close(self) -> None:
        self.is_back = True


async def test_a_connection_that_comes_after_two_cancellations_goes_back_to_the_pool() -> None:
    connection: Any = Connection()

    async def use() -> None:
        async with connected(connection):
            raise AssertionError("nobody waits for it any more")

    task = asyncio.create_task(use())
    await cancelled_twice(task)
    connection.answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert connection.is_back
