"""The time a call has left goes along with the calls it makes, and ends them all together."""

import asyncio

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh import context
from mesh.errors import CallError
from tests.contract.runtime.conftest import Served


async def test_each_hop_has_less_time_than_the_one_before(served: Served) -> None:
    reply = await served.stub().Relay(toy.RelayRequest(hops=3, text="hi"), timeout=0.8)
    left = [*reply.remaining_seconds, reply.echo.remaining_seconds]
    assert len(left) == 4
    assert left == sorted(left, reverse=True)
    assert 0 < left[-1] < left[0] <= 0.8


async def test_the_principal_and_the_request_id_go_along(served: Served) -> None:
    reply = await served.stub(principal="ada").Relay(toy.RelayRequest(hops=2, text="hi"))
    assert reply.echo.principal == "ada"
    assert reply.echo.request_id


async def test_a_slow_leaf_is_stopped_at_every_hop_when_the_time_is_up(served: Served) -> None:
    with pytest.raises(CallError) as raised:
        await served.stub().Relay(toy.RelayRequest(hops=3, text="sleep"), timeout=0.3)
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(served.toy.cancelled.wait(), 0.1)


async def test_a_client_that_goes_away_stops_every_hop(served: Served) -> None:
    call = asyncio.ensure_future(served.stub().Relay(toy.RelayRequest(hops=3, text="sleep")))
    await asyncio.wait_for(served.toy.entered.wait(), 1)
    call.cancel()
    await asyncio.wait_for(served.toy.cancelled.wait(), 0.1)


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
    with context.acting_for("ada", request_id="r", timeout_seconds=10):
        left_behind = asyncio.ensure_future(served.stub().Echo(toy.EchoRequest(text="sleep")))
        await asyncio.wait_for(served.toy.entered.wait(), 1)
    await asyncio.wait_for(served.toy.cancelled.wait(), 0.1)
    assert left_behind.cancelled() or isinstance(left_behind.exception(), CallError)
