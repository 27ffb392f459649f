"""SingleFlight: one piece of work for all who want it at the same time."""

import asyncio

import pytest

from services.llm.single_flight import SingleFlight


class Work:
    def __init__(self) -> None:
        self.started = 0
        self.cancelled = 0
        self.go = asyncio.Event()

    async def __call__(self) -> str:
        self.started += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return f"outcome {self.started}"


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_two_hundred_equal_requests_run_the_work_once() -> None:
    flights, work = SingleFlight[str](), Work()
    waiting = [asyncio.create_task(flights.run("key", work)) for _ in range(200)]
    await settle()
    work.go.set()
    assert set(await asyncio.gather(*waiting)) == {"outcome 1"}
    assert work.started == 1


async def test_another_key_is_other_work() -> None:
    flights, first, second = SingleFlight[str](), Work(), Work()
    first.go.set()
    second.go.set()
    await asyncio.gather(flights.run("a", first), flights.run("b", second))
    assert (first.started, second.started) == (1, 1)


async def test_a_request_after_the_outcome_starts_anew() -> None:
    flights, work = SingleFlight[str](), Work()
    work.go.set()
    assert [await flights.run("key", work), await flights.run("key", work)] == ["outcome 1", "outcome 2"]


async def test_a_failure_is_shared_too() -> None:
    flights = SingleFlight[str]()
    started = 0

    async def fail() -> str:
        nonlocal started
        started += 1
        await asyncio.sleep(0)
        raise ValueError("no")

    outcomes = await asyncio.gather(*(flights.run("key", fail) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ValueError] * 3
    assert started == 1


async def test_the_work_goes_on_when_the_first_who_asked_is_gone() -> None:
    flights, work = SingleFlight[str](), Work()
    first = asyncio.create_task(flights.run("key", work))
    second = asyncio.create_task(flights.run("key", work))
    await settle()
    first.cancel()
    await settle()
    work.go.set()
    assert await second == "outcome 1"
    assert work.cancelled == 0


async def test_the_work_is_cancelled_when_nobody_waits_and_starts_anew_when_asked_again() -> None:
    flights, work = SingleFlight[str](), Work()
    waiting = [asyncio.create_task(flights.run("key", work)) for _ in range(2)]
    await settle()
    for task in waiting:
        task.cancel()
    await settle()
    assert work.cancelled == 1
    work.go.set()
    assert await flights.run("key", work) == "outcome 2"
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
