"""Background work is started again when it fails, and ends when it is told to."""

import asyncio

import pytest

from mesh import context
from mesh.background import Background


async def test_a_task_that_fails_is_started_again_after_a_growing_pause() -> None:
    pauses: list[float] = []
    runs: list[str] = []
    done = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def fail_three_times() -> None:
        runs.append(context.workload())
        if len(runs) < 4:
            raise ValueError("canary")
        done.set()

    background = Background(sleep)
    background.start("quiz", fail_three_times)
    await asyncio.wait_for(done.wait(), 30)
    await background.stop()
    assert runs == ["quiz"] * 4
    assert pauses == [0.1, 0.2, 0.4]


async def test_a_task_that_ran_for_a_while_is_started_again_at_once() -> None:
    pauses: list[float] = []
    now, done = [0.0], asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def fail() -> None:
        if len(pauses) == 5:
            done.set()
            return
        now[0] += 60 if len(pauses) == 3 else 1
        raise ValueError("canary")

    background = Background(sleep, lambda: now[0])
    background.start("quiz", fail)
    await asyncio.wait_for(done.wait(), 30)
    await background.stop()
    assert pauses == [0.1, 0.2, 0.4, 0.1, 0.2]


async def test_a_task_that_a_driver_cancels_is_started_again() -> None:
    runs: list[int] = []
    done = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    async def lose_the_connection() -> None:
        runs.append(len(runs))
        if len(runs) == 3:
            done.set()
            await asyncio.sleep(60)
        raise asyncio.CancelledError

    background = Background(sleep)
    background.start("quiz", lose_the_connection)
    await asyncio.wait_for(done.wait(), 30)
    await background.stop()
    assert runs == [0, 1, 2]


async def test_stopping_waits_until_every_task_has_cleaned_up() -> None:
    started, cleaned = asyncio.Event(), []

    async def run() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    background = Background()
    background.start("quiz", run)
    await started.wait()
    await background.stop()
    assert cleaned == [True]


def test_outside_of_a_call_there_is_no_principal() -> None:
    with pytest.raises(LookupError, match="no principal"):
        context.principal_id()
    with context.acting_for("ada", request_id="r", timeout_seconds=1):
        assert context.principal_id() == "ada"
    assert context.current() is None
