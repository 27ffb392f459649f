"""A deadline shrinks from hop to hop; when it is over, or the client gone, each hop stops and no engine is called."""

import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise

from mootion.quiz.v1 import quiz_service_pb2

from mesh.ids import Ids
from mesh.policy import method
from proofs.callers.hops import Hops, chained
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from proofs.wire.call import WireCall, WirePath
from proofs.wire.frames import WebFrames
from proofs.wire.native_grpc import NativeGrpc
from proofs.wire.rest import Rest
from tests.stopwatch import Stopwatch

DEADLINE_SECONDS = 0.3
# gRPC rounds a timeout up on the wire.
WIRE_ROUNDING = 1.01
STOP_SECONDS = 0.1
# Of all stops, so many in a hundred may be late by what else the machine does; a hop that goes on is never in time.
IN_TIME_PERCENT = 95
ORDER = ("quiz", "llm", "search")


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Calls with a deadline of 300 ms, then calls without one that the client cancels; by each path in turn."""
    chance, rounds = random.Random(seed), size.of(short=9, long=100)
    numbers, hops = Numbers(2 * rounds), Hops()
    late: list[float] = []
    async with chained(ground, hops) as settings, _paths(settings.edge_port) as paths:
        for path in paths:
            await _warm(path, hops)
        with Stopwatch() as watch:
            for turn in range(rounds):
                late += await _expired(numbers, paths[turn % len(paths)], hops, watch)
            for turn in range(rounds):
                after_seconds = chance.uniform(0.15, 0.4)
                late += await _cancelled(numbers, paths[turn % len(paths)], hops, after_seconds, watch)
            await asyncio.sleep(1.0)
    numbers.measured(machine_stood_still_s=watch.stood_still)
    numbers.measured(paths=[path.name for path in paths])
    numbers.measured(stops=len(late), engine_calls=len(hops.engine_calls))
    numbers.measured(stop_median_ms=1000 * statistics.median(late), stop_longest_ms=1000 * max(late))
    in_time = sum(seconds <= STOP_SECONDS for seconds in late)
    # A short form runs as a test, beside whatever else the machine does.
    percent = IN_TIME_PERCENT if size is Size.LONG else 90
    numbers.measured(stops_within_100_ms=in_time)
    numbers.check(in_time * 100 >= percent * len(late), f"{in_time} of {len(late)} stops within 100 ms")
    numbers.check(not hops.engine_calls, f"{len(hops.engine_calls)} engine calls after the end of their call")
    return numbers


@asynccontextmanager
async def _paths(port: int) -> AsyncIterator[Sequence[WirePath]]:
    """Through the edge by native gRPC, gRPC-web and REST."""
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        paths = (NativeGrpc(f"127.0.0.1:{port}"), WebFrames(url), Rest(url))
        for path in paths:
            stack.push_async_callback(path.close)
        yield paths


def _call(*, seconds: float | None = None, cancel_after: float | None = None) -> WireCall:
    request = quiz_service_pb2.GenerateQuizRequest(document_id=Ids().new())
    generate = method("/mootion.quiz.v1.QuizService/GenerateQuiz")
    return WireCall(generate, request, seconds=seconds, cancel_after=cancel_after)


async def _warm(path: WirePath, hops: Hops) -> None:
    """Opens every connection on the way."""
    hops.remaining.clear()
    for _ in range(20):
        await path.call(_call(seconds=1.0))
        if set(ORDER) <= hops.remaining.keys():
            return
    raise RuntimeError(f"calls by {path.name} reach only {sorted(hops.remaining)}")


async def _expired(numbers: Numbers, path: WirePath, hops: Hops, watch: Stopwatch) -> list[float]:
    """One call that has 300 ms; gives by how much each hop stopped after that."""
    hops.remaining.clear()
    hops.stopped.clear()
    began = time.monotonic()
    heard = await path.call(_call(seconds=DEADLINE_SECONDS))
    code = heard.ending.code if heard is not None else "nothing"
    numbers.check(code == "DEADLINE_EXCEEDED", f"a call by {path.name} that was late ended as {code}")
    left = [
        DEADLINE_SECONDS * WIRE_ROUNDING,
        *(hops.remaining[hop] for hop in ORDER if hop in hops.remaining),
    ]
    numbers.measured(hops_reached=numbers.values.get("hops_reached", 0) + len(left) - 1)
    shrinking = all(later < earlier for earlier, later in pairwise(left))
    numbers.check(shrinking, f"time left at each hop by {path.name}: {[round(each, 4) for each in left]}")
    return await _stops(numbers, hops, began + DEADLINE_SECONDS, watch)


async def _cancelled(
    numbers: Numbers, path: WirePath, hops: Hops, after_seconds: float, watch: Stopwatch
) -> list[float]:
    """One call that its client gives up; gives by how much each hop stopped after that."""
    hops.remaining.clear()
    hops.stopped.clear()
    began = time.monotonic()
    await path.call(_call(cancel_after=after_seconds))
    return await _stops(numbers, hops, began + after_seconds, watch)


async def _stops(numbers: Numbers, hops: Hops, over: float, watch: Stopwatch) -> list[float]:
    """Seconds after `over` at which each hop that was reached stopped; a hop that goes on is broken.

    Moments in which the machine stood still do not count; before the end of the call they do not either.
    """
    give_up = time.monotonic() + 2.0 + watch.stood_still_between(over, time.monotonic())
    while hops.stopped.keys() < hops.remaining.keys() and time.monotonic() < give_up:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    running = hops.remaining.keys() - hops.stopped.keys()
    numbers.check(not running, f"went on after the end of their call: {sorted(running)}")
    return [max(0.0, at - over - watch.stood_still_between(over, at)) for at in hops.stopped.values()]
