"""The limiter in memory against the definition: never more than the limit in any window."""

from hypothesis import given
from hypothesis import strategies as st

from mesh.ports.limits_memory import MemoryLimits

WINDOW = 10
steps = st.lists(st.tuples(st.floats(0, 6), st.integers(1, 4)), max_size=40)


@given(steps=steps, requests=st.integers(1, 6))
async def test_no_window_ever_holds_more_than_the_limit(
    steps: list[tuple[float, int]], requests: int
) -> None:
    now = 0.0
    admitted: list[tuple[float, int]] = []
    limits = MemoryLimits(now=lambda: now)
    for wait, cost in steps:
        now += wait
        within = sum(paid for at, paid in admitted if at > now - WINDOW)
        taken = await limits.take("ada", cost, requests, WINDOW)
        assert taken.admitted == (within + cost <= requests)
        if taken.admitted:
            admitted.append((now, cost))


@given(steps=steps, requests=st.integers(1, 6))
async def test_after_the_time_to_wait_the_attempt_is_admitted(
    steps: list[tuple[float, int]], requests: int
) -> None:
    now = 0.0
    limits = MemoryLimits(now=lambda: now)
    for wait, cost in steps:
        now += wait
        taken = await limits.take("ada", min(cost, requests), requests, WINDOW)
        if not taken.admitted:
            now += taken.retry_after_seconds + 1e-6
            assert (await limits.take("ada", min(cost, requests), requests, WINDOW)).admitted


async def test_only_so_many_keys_are_remembered() -> None:
    limits = MemoryLimits(most_keys=2)
    for key in ("ada", "bob", "cem"):
        await limits.take(key, 1, 1, 60)
    assert (await limits.take("ada", 1, 1, 60)).admitted
    assert not (await limits.take("cem", 1, 1, 60)).admitted
