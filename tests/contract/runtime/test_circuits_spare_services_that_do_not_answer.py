"""A service that does not answer is left alone for a while by those who wait for it, and by nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh import context
from mesh.breaker import MOST_FAILURES, REST_SECONDS, CircuitState
from mesh.circuits import Circuits
from mesh.client import Channels
from mesh.context import CallContext, Entered, Principal
from mesh.errors import CallError
from mesh.logs import configure
from mesh.telemetry import Telemetry
from mesh.testing import free_port

HELLO = toy.EchoRequest(text="hello")


@dataclass
class World:
    """A client with a clock of its own, and a server that may be there or not."""

    channels: Channels
    port: int
    seconds: float = 0.0
    server: grpc.aio.Server | None = None
    calls: list[Any] = field(default_factory=list)

    @property
    def state(self) -> CircuitState:
        return self.channels.circuits.breaker("toy").state

    async def call(self) -> toy.EchoResponse:
        stub: rpc.ToyServiceAsyncStub = self.channels.stub(rpc.ToyServiceStub, "toy")
        return await stub.Echo(HELLO)

    async def fails(self, times: int = 1) -> CallError:
        for _ in range(times):
            with pytest.raises(CallError) as raised:
                await self.call()
        return raised.value

    async def appear(self) -> None:
        """The server comes up, and the client has found it."""
        world = self

        class Here(rpc.ToyServiceServicer):
            async def Echo(self, request: toy.EchoRequest, context_: Any) -> toy.EchoResponse:
                world.calls.append(request)
                return toy.EchoResponse(text=request.text)

        self.server = grpc.aio.server()
        rpc.add_ToyServiceServicer_to_server(cast(Any, Here)(), self.server)
        self.server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self.server.start()
        channel = self.channels.channel("toy")
        while channel.get_state(try_to_connect=True) is not grpc.ChannelConnectivity.READY:
            await channel.wait_for_state_change(channel.get_state())


@pytest.fixture
async def world() -> AsyncIterator[World]:
    port = free_port()
    telemetry = Telemetry(configure("info", "quiz"))
    channels = Channels(lambda _: f"127.0.0.1:{port}", "quiz", telemetry, jitter=lambda: 0.0)
    found = World(channels, port)
    channels.circuits = Circuits(lambda: found.seconds)
    yield found
    await channels.close()
    if found.server is not None:
        await found.server.stop(None)


@contextmanager
def serving() -> Iterator[None]:
    """Somebody waits for what is done in the block."""
    person = Principal("ada", policy_pb2.ACCESS_ROLE_STUDENT)
    call = CallContext(person, "edge", float("inf"), "r", "/mootion.quiz.v1.QuizService/GetQuiz")
    with Entered(call):
        yield


async def test_after_five_calls_that_found_nobody_no_more_are_made(world: World) -> None:
    with serving():
        assert "left alone" not in (await world.fails(MOST_FAILURES)).message
        refusal = await world.fails()
    assert "left alone" in refusal.message
    assert refusal.code is grpc.StatusCode.UNAVAILABLE
    assert refusal.reason == reason_pb2.REASON_DEPENDENCY_UNAVAILABLE
    assert refusal.retry_after_seconds == REST_SECONDS


async def test_after_thirty_seconds_one_call_is_tried_and_its_answer_closes_the_circuit(world: World) -> None:
    with serving():
        await world.fails(MOST_FAILURES)
        await world.appear()
        world.seconds = REST_SECONDS - 1
        await world.fails()
        assert world.calls == []
        world.seconds = REST_SECONDS
        assert (await world.call()).text == "hello"
    assert world.state is CircuitState.CLOSED


async def test_whoever_waits_for_nobody_goes_on_trying(world: World) -> None:
    with context.acting_for("ada", request_id="r", timeout_seconds=30):
        assert "left alone" not in (await world.fails(MOST_FAILURES + 1)).message
    assert world.state is CircuitState.CLOSED


async def test_other_services_are_called_on(world: World) -> None:
    with serving():
        await world.fails(MOST_FAILURES)
    assert world.channels.circuits.breaker("document").state is CircuitState.CLOSED
