"""A deadline shrinks from hop to hop; when it is over, or the client gone, each hop stops and no engine is called."""

import asyncio
import random
import statistics
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import grpc
from mootion.quiz.v1 import quiz_service_pb2
from mootion.quiz.v1.quiz_service_pb2_grpc import QuizServiceStub

from mesh.ids import Ids
from proofs.ground import Ground, Size
from proofs.hops import Hops, chained
from proofs.numbers import Numbers

if TYPE_CHECKING:
    from mootion.quiz.v1.quiz_service_pb2_grpc import QuizServiceAsyncStub

DEADLINE_SECONDS = 0.3
# gRPC rounds a timeout up on the wire.
WIRE_ROUNDING = 1.01
STOP_SECONDS = 0.1
# Of all stops, so many in a hundred may be late by what else the machine does; a hop that goes on is never in time.
IN_TIME_PERCENT = 95
ORDER = ("quiz", "llm", "search")


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Calls with a deadline of 300 ms, then calls without one that the client cancels."""
    chance, rounds = random.Random(seed), size.of(short=8, long=100)
    numbers, hops = Numbers(2 * rounds), Hops()
    late: list[float] = []
    async with chained(ground, hops) as settings, _channel(settings.edge_port) as channel:
        stub: QuizServiceAsyncStub = QuizServiceStub(channel)
        await _warm(stub, hops)
        for _ in range(rounds):
            late += await _expired(numbers, stub, hops)
        for _ in range(rounds):
            late += await _cancelled(numbers, stub, hops, chance.uniform(0.15, 0.4))
        await asyncio.sleep(1.0)
    numbers.measured(stops=len(late), engine_calls=len(hops.engine_calls))
    numbers.measured(stop_median_ms=1000 * statistics.median(late), stop_longest_ms=1000 * max(late))
    in_time = sum(seconds <= STOP_SECONDS for seconds in late)
    # A short form runs as a test, beside whatever else the machine does.
    percent = IN_TIME_PERCENT if size is Size.LONG else 90
    numbers.measured(stops_within_100_ms=in_time)
    numbers.check(in_time * 100 >= percent * len(late), f"{in_time} of {len(late)} stops within 100 ms")
    numbers.check(not hops.engine_calls, f"{len(hops.engine_calls)} engine calls after the end of their call")
    return numbers


def _channel(port: int) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}")


async def _warm(stub: "QuizServiceAsyncStub", hops: Hops) -> None:
    """Opens every connection on the way."""
    for _ in range(20):
        await _outcome(stub, 1.0)
        if set(ORDER) <= hops.remaining.keys():
            return
    raise RuntimeError(f"calls reach only {sorted(hops.remaining)}")


async def _outcome(stub: "QuizServiceAsyncStub", seconds: float) -> grpc.StatusCode:
    try:
        await stub.GenerateQuiz(_request(), timeout=seconds)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def _request() -> quiz_service_pb2.GenerateQuizRequest:
    return quiz_service_pb2.GenerateQuizRequest(document_id=Ids().new())


async def _expired(numbers: Numbers, stub: "QuizServiceAsyncStub", hops: Hops) -> list[float]:
    """One call that has 300 ms; gives by how much each hop stopped after that."""
    hops.remaining.clear()
    hops.stopped.clear()
    began = time.monotonic()
    code = await _outcome(stub, DEADLINE_SECONDS)
    numbers.check(code is grpc.StatusCode.DEADLINE_EXCEEDED, f"a call that was late ended as {code.name}")
    left = [
        DEADLINE_SECONDS * WIRE_ROUNDING,
        *(hops.remaining[hop] for hop in ORDER if hop in hops.remaining),
    ]
    numbers.measured(hops_reached=numbers.values.get("hops_reached", 0) + len(left) - 1)
    shrinking = all(later < earlier for earlier, later in pairwise(left))
    numbers.check(shrinking, f"time left at each hop: {[round(each, 4) for each in left]}")
    return await _stops(numbers, hops, began + DEADLINE_SECONDS)


async def _cancelled(
    numbers: Numbers, stub: "QuizServiceAsyncStub", hops: Hops, after_seconds: float
) -> list[float]:
    """One call that its client gives up; gives by how much each hop stopped after that."""
    hops.remaining.clear()
    hops.stopped.clear()
    call = stub.GenerateQuiz(_request())
    await asyncio.sleep(after_seconds)
    call.cancel()
    return await _stops(numbers, hops, time.monotonic())


async def _stops(numbers: Numbers, hops: Hops, over: float) -> list[float]:
    """Seconds after `over` at which each hop that was reached stopped; a hop that goes on is broken."""
    give_up = time.monotonic() + 2.0
    while hops.stopped.keys() < hops.remaining.keys() and time.monotonic() < give_up:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    running = hops.remaining.keys() - hops.stopped.keys()
    numbers.check(not running, f"went on after the end of their call: {sorted(running)}")
    return [max(0.0, at - over) for at in hops.stopped.values()]
