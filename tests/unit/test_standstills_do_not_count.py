"""The stopwatch of the tests leaves out what the machine took, and nothing of what is measured."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.stopwatch import Disturbed, Stopwatch, needing_less_than, quickest, undisturbed

STOPPED_SECONDS = 1.0
SLEEPER = """
import time
from tests.stopwatch import Stopwatch
with Stopwatch() as watch:
    print("begun", flush=True)
    time.sleep(0.3)
print(watch.raw_seconds, watch.seconds)
"""


def test_a_process_that_is_held_still_does_not_measure_that() -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(STOPPED_SECONDS)
        os.kill(process.pid, signal.SIGCONT)
        raw, seconds = map(float, process.stdout.readline().split())
    assert raw >= STOPPED_SECONDS
    assert seconds < raw - STOPPED_SECONDS / 2


def test_waiting_and_working_are_measured() -> None:
    with Stopwatch() as waiting:
        time.sleep(0.3)
    with Stopwatch() as working:
        until = time.thread_time() + 0.3
        while time.thread_time() < until:
            pass
    assert waiting.raw_seconds >= 0.3 and working.raw_seconds >= 0.3
    assert waiting.seconds <= waiting.raw_seconds and working.seconds <= working.raw_seconds


async def test_one_quick_round_is_enough_and_ends_the_rounds() -> None:
    left = [3.0, 2.0, 0.5, 9.0]

    async def once() -> float:
        return left.pop(0)

    assert await quickest(once, 1.0) == 0.5
    assert left == [9.0]


async def test_what_is_slow_every_time_stays_slow() -> None:
    async def once() -> float:
        return 2.0

    assert await quickest(once, 1.0, rounds=3) == 2.0


async def test_a_round_that_took_too_long_is_tried_again_with_more_time() -> None:
    tried: list[float] = []

    async def attempt(seconds: float) -> str:
        tried.append(seconds)
        with needing_less_than(seconds):
            time.sleep(0.05)  # noqa: ASYNC251 - the machine stands still
            assert seconds > 0.01
        return "done"

    assert await undisturbed(attempt, 0.01, 30.0) == "done"
    assert tried == [0.01, 30.0]
    with pytest.raises(Disturbed):
        await undisturbed(attempt, 0.01, 0.02)


async def test_what_is_wrong_in_time_is_wrong() -> None:
    async def attempt(seconds: float) -> None:
        with needing_less_than(seconds):
            raise AssertionError("wrong")

    with pytest.raises(AssertionError, match="wrong"):
        await undisturbed(attempt, 30.0, 60.0)
