"""CircuitBreaker: 5 failures in a minute open it; 30 seconds later one trial call decides."""

import asyncio
from dataclasses import dataclass

import pytest

from mesh.breaker import CircuitBreaker, CircuitOpen, CircuitState


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def is_in(breaker: CircuitBreaker, state: CircuitState) -> bool:
    return breaker.state == state


async def call(breaker: CircuitBreaker, error: Exception | None = None) -> None:
    async with breaker.guarding(ConnectionError):
        if error is not None:
            raise error


async def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await call(breaker, ConnectionError())


async def test_four_failures_leave_it_closed_and_the_fifth_opens_it() -> None:
    breaker = CircuitBreaker(Clock())
    await fail(breaker, 4)
    await call(breaker)
    assert is_in(breaker, CircuitState.CLOSED)
    await fail(breaker)
    with pytest.raises(CircuitOpen):
        await call(breaker)


async def test_failures_older_than_a_minute_do_not_count() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    await fail(breaker, 4)
    clock.seconds = 60.0
    await fail(breaker, 4)
    assert is_in(breaker, CircuitState.CLOSED)
    await fail(breaker)
    assert is_in(breaker, CircuitState.OPEN)


async def test_nothing_goes_through_before_thirty_seconds_have_passed() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    await fail(breaker, 5)
    clock.seconds = 29.9
    with pytest.raises(CircuitOpen):
        await call(breaker)
    clock.seconds = 30.0
    await call(breaker)
    assert is_in(breaker, CircuitState.CLOSED)


async def test_a_failed_trial_opens_it_for_another_thirty_seconds() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    await fail(breaker, 5)
    clock.seconds = 30.0
    await fail(breaker)
    clock.seconds = 59.9
    with pytest.raises(CircuitOpen):
        await call(breaker)
    clock.seconds = 60.0
    await call(breaker)


async def test_only_one_call_is_on_trial_at_a_time() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    await fail(breaker, 5)
    clock.seconds = 30.0
    async with breaker.guarding(ConnectionError):
        assert is_in(breaker, CircuitState.HALF_OPEN)
        with pytest.raises(CircuitOpen):
            await call(breaker)
    await call(breaker)


@pytest.mark.parametrize("undecided", [asyncio.CancelledError(), ValueError("wrong")])
async def test_a_trial_without_a_verdict_leaves_the_trial_to_the_next_call(undecided: BaseException) -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    await fail(breaker, 5)
    clock.seconds = 30.0
    with pytest.raises(type(undecided)):
        async with breaker.guarding(ConnectionError):
            raise undecided
    assert is_in(breaker, CircuitState.HALF_OPEN)
    await call(breaker)
    assert is_in(breaker, CircuitState.CLOSED)


async def test_another_failure_does_not_open_it() -> None:
    breaker = CircuitBreaker(Clock())
    for _ in range(10):
        with pytest.raises(ValueError):
            await call(breaker, ValueError("wrong"))
    assert is_in(breaker, CircuitState.CLOSED)


async def test_calls_that_began_before_it_opened_do_not_close_it() -> None:
    breaker = CircuitBreaker(Clock())
    async with breaker.guarding(ConnectionError):
        await fail(breaker, 5)
    assert is_in(breaker, CircuitState.OPEN)
