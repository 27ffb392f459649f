"""The time a call has left goes along with the calls it makes, and ends them all together."""

import asyncio
import math
from typing import Any

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh import context
from mesh.errors import CallError
from tests.contract.runtime.conftest import Served
from tests.stopwatch import Stopwatch, quickest

# What goes on is on a machine that does much else.
SOON = 30.0
STOPPED_SECONDS = 0.1


async def reached(served: Served, call: "asyncio.Future[Any]") -> None:
    """Waits until the call is in the last handler, or has ended before."""
    entered = asyncio.ensure_future(served.toy.entered.wait())
    await asyncio.wait([entered, call], timeout=SOON, return_when=asyncio.FIRST_COMPLETED)
    entered.cancel()


async def until_cancelled(served: Served) -> float:
    """Seconds until the last handler is cancelled; for ever where its time was over before it began."""
    if not served.toy.entered.is_set():
        return math.inf
    with Stopwatch() as watch:
        await asyncio.wait_for(served.toy.cancelled.wait(), SOON)
    served.toy.entered.clear()
    served.toy.cancelled.clear()
    return watch.seconds


async def test_each_hop_has_less_time_than_the_one_before(served: Served) -> None:
    reply = await served.stub().Relay(toy.RelayRequest(hops=3, text="hi"), timeout=4)
    left = [*reply.remaining_seconds, reply.echo.remaining_seconds]
    assert len(left) == 4
    assert left == sorted(left, reverse=True)
    assert 0 < left[-1] < left[0] <= 4


async def test_the_principal_and_the_request_id_go_along(served: Served) -> None:
    reply = await served.stub(principal="ada").Relay(toy.RelayRequest(hops=2, text="hi"))
    assert reply.echo.principal == "ada"
    assert reply.echo.request_id


async def test_a_slow_leaf_is_stopped_at_every_hop_when_the_time_is_up(served: Served) -> None:
    async def went_on() -> float:
        with pytest.raises(CallError) as raised:
            await served.stub().Relay(toy.RelayRequest(hops=3, text="sleep"), timeout=0.3)
        assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
        return await until_cancelled(served)

    assert await quickest(went_on, STOPPED_SECONDS) < STOPPED_SECONDS


async def test_a_client_that_goes_away_stops_every_hop(served: Served) -> None:
    async def went_on() -> float:
        call = asyncio.ensure_future(served.stub().Relay(toy.RelayRequest(hops=3, text="sleep")))
        await reached(served, call)
        call.cancel()
        return await until_cancelled(served)

    assert await quickest(went_on, STOPPED_SECONDS) < STOPPED_SECONDS


async def test_the_policy_ends_a_call_whose_client_sets_no_deadline(served: Served) -> None:
    bare = rpc.ToyServiceStub(served.running.runtime.channels.channel("toy"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await bare.Echo(toy.EchoRequest(text="sleep"))
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert served.toy.cancelled.is_set()


async def test_no_call_is_begun_when_no_time_is_left(served: Served) -> None:
    stub = served.stub()
    with context.acting_for("ada", request_id="r", timeout_seconds=0), pytest.raises(CallError) as raised:
        await stub.Echo(toy.EchoRequest(text="hi"))
    assert raised.value.reason == reason_pb2.REASON_DEADLINE_EXCEEDED
    assert "Echo" not in served.toy.runs


async def test_calls_left_behind_are_cancelled_with_the_handler_that_made_them(served: Served) -> None:
    async def went_on() -> float:
        with context.acting_for("ada", request_id="r", timeout_seconds=10):
            left_behind = asyncio.ensure_future(served.stub().Echo(toy.EchoRequest(text="sleep")))
            await reached(served, left_behind)
        seconds = await until_cancelled(served)
        await asyncio.wait([left_behind], timeout=SOON)
        assert left_behind.cancelled() or isinstance(left_behind.exception(), CallError)
        return seconds

    assert await quickest(went_on, STOPPED_SECONDS) < STOPPED_SECONDS
