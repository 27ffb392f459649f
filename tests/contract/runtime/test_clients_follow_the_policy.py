"""Clients repeat what may be repeated, say what failed, and pass on who calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh import context, status
from mesh.client import Channels
from mesh.errors import CallError
from mesh.in_flight import stopping
from mesh.logs import configure
from mesh.signature import Signer
from mesh.telemetry import Telemetry
from mesh.testing import free_port

HELLO = toy.EchoRequest(text="hello")


@dataclass
class Flaky(rpc.ToyServiceServicer):
    """A bare server: no interceptor of ours. Fails as often as it is told, and keeps the metadata it got."""

    failures: list[tuple[grpc.StatusCode, CallError | None]] = field(default_factory=list)
    metadata: list[dict[str, Any]] = field(default_factory=list)

    async def Echo(self, request: toy.EchoRequest, context_: Any) -> toy.EchoResponse:
        await self._arrive(context_)
        return toy.EchoResponse(text=request.text)

    async def Count(self, request: toy.CountRequest, context_: Any) -> AsyncIterator[toy.CountResponse]:
        for number in range(request.up_to):
            yield toy.CountResponse(number=number)
        await self._arrive(context_)

    async def Upload(
        self, request_iterator: AsyncIterator[toy.UploadRequest], context_: Any
    ) -> toy.UploadResponse:
        size = sum([len(request.content.data) async for request in request_iterator])
        await self._arrive(context_)
        return toy.UploadResponse(size=size)

    async def _arrive(self, context_: Any) -> None:
        self.metadata.append(dict(context_.invocation_metadata()))
        if self.failures:
            code, meant = self.failures.pop(0)
            details = status.encode(meant, "r").SerializeToString() if meant else b""
            message = meant.message if meant else "text of a library"
            await context_.abort(code, message, ((status.DETAILS_KEY, details),) if meant else ())


@dataclass
class Reached:
    """The flaky server, a client of it and the pauses the client made."""

    server: Flaky
    stub: rpc.ToyServiceAsyncStub
    pauses: list[float]
    channels: Channels


@asynccontextmanager
async def reached(workload: str = "toy") -> AsyncIterator[Reached]:
    # A fake may leave methods of the generated base class as they are.
    flaky: Flaky = cast(Any, Flaky)()
    server, pauses, port = grpc.aio.server(), list[float](), free_port()
    rpc.add_ToyServiceServicer_to_server(flaky, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    telemetry = Telemetry(configure("info", workload))
    signer = Signer(b"k" * 32) if workload else None
    channels = Channels(
        lambda _: f"127.0.0.1:{port}", workload, telemetry, signer, sleep=sleep, jitter=lambda: 0.5
    )
    try:
        yield Reached(flaky, channels.stub(rpc.ToyServiceStub, "toy"), pauses, channels)
    finally:
        await channels.close()
        await server.stop(None)


UNAVAILABLE = (grpc.StatusCode.UNAVAILABLE, None)


async def test_an_unavailable_service_is_called_again_after_growing_pauses() -> None:
    async with reached() as found:
        found.server.failures = [UNAVAILABLE] * 2
        assert (await found.stub.Echo(HELLO)).text == "hello"
        assert found.pauses == [0.01, 0.02]


async def test_attempts_end_where_the_policy_says() -> None:
    async with reached() as found:
        found.server.failures = [UNAVAILABLE] * 5
        with pytest.raises(CallError) as raised:
            await found.stub.Echo(HELLO)
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE
    assert raised.value.reason == reason_pb2.REASON_DEPENDENCY_UNAVAILABLE
    assert len(found.server.metadata) == 3


async def test_what_has_been_repeated_further_in_is_not_repeated_here() -> None:
    behind = CallError(
        grpc.StatusCode.UNAVAILABLE, reason_pb2.REASON_DEPENDENCY_UNAVAILABLE, "The llm is gone."
    )
    async with reached() as found:
        found.server.failures = [(grpc.StatusCode.UNAVAILABLE, behind)]
        with pytest.raises(CallError) as raised:
            await found.stub.Echo(HELLO)
    assert raised.value.message == "The llm is gone."
    assert len(found.server.metadata) == 1


async def test_a_server_that_is_restarting_is_called_again() -> None:
    async with reached() as found:
        found.server.failures = [(grpc.StatusCode.UNAVAILABLE, stopping())]
        assert (await found.stub.Echo(HELLO)).text == "hello"


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.ABORTED])
async def test_other_failures_are_not_repeated_and_text_of_a_library_is_not_passed_on(
    code: grpc.StatusCode,
) -> None:
    async with reached() as found:
        found.server.failures = [(code, None)]
        with pytest.raises(CallError) as raised:
            await found.stub.Echo(HELLO)
    assert "library" not in raised.value.message
    assert len(found.server.metadata) == 1


async def test_what_a_service_meant_arrives_whole() -> None:
    meant = CallError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        reason_pb2.REASON_QUEUE_FULL,
        "The queue is full.",
        retry_after_seconds=1.5,
        metadata={"depth": "7"},
    )
    async with reached() as found:
        found.server.failures = [(meant.code, meant)]
        with pytest.raises(CallError) as raised:
            await found.stub.Echo(HELLO)
    assert raised.value.reason == reason_pb2.REASON_QUEUE_FULL
    assert raised.value.retry_after_seconds == 1.5
    assert raised.value.metadata == {"depth": "7", "request_id": "r"}


async def test_a_stream_is_begun_again_only_before_its_first_reply() -> None:
    async with reached() as found:
        found.server.failures = [UNAVAILABLE]
        assert [reply async for reply in found.stub.Count(toy.CountRequest(up_to=0))] == []
        assert len(found.server.metadata) == 2
        found.server.failures = [UNAVAILABLE]
        with pytest.raises(CallError):
            async for _ in found.stub.Count(toy.CountRequest(up_to=1)):
                pass
        assert len(found.server.metadata) == 3


async def test_a_stream_of_requests_is_sent_once() -> None:
    async with reached() as found:
        found.server.failures = [UNAVAILABLE]
        with pytest.raises(CallError):
            await found.stub.Upload(iter([toy.UploadRequest()]))
        assert len(found.server.metadata) == 1


async def test_what_the_producer_of_requests_raises_reaches_the_caller() -> None:
    def requests() -> Iterator[toy.UploadRequest]:
        yield toy.UploadRequest()
        raise LookupError("the file is gone")

    async with reached() as found:
        with pytest.raises(LookupError, match="the file is gone"):
            await found.stub.Upload(requests())


async def test_a_service_that_nobody_serves_is_unavailable() -> None:
    channels = Channels(lambda _: f"127.0.0.1:{free_port()}", "toy", Telemetry(configure("info", "toy")))
    with pytest.raises(CallError) as raised:
        await channels.stub(rpc.ToyServiceStub, "toy").Echo(HELLO)
    assert raised.value.reason == reason_pb2.REASON_DEPENDENCY_UNAVAILABLE
    await channels.close()


async def test_who_calls_is_said_by_the_context_or_by_the_process() -> None:
    async with reached(workload="document-worker") as found:
        await found.stub.Echo(HELLO)
        with context.working_as("quiz"), context.acting_for("ada", request_id="r7", timeout_seconds=5):
            await found.stub.Echo(HELLO)
    outside, inside = found.server.metadata
    assert outside["mootion-caller"] == "document-worker"
    assert "mootion-principal" not in outside
    assert (inside["mootion-caller"], inside["mootion-principal"]) == ("quiz", "ada")
    assert (inside["mootion-role"], inside["mootion-request-id"]) == ("STUDENT", "r7")


async def test_an_outsider_says_nothing_about_itself() -> None:
    async with reached(workload="") as found:
        await found.stub.Echo(HELLO)
    assert not [key for key in found.server.metadata[0] if key.startswith("mootion-")]


async def test_leaving_a_stream_early_ends_its_call() -> None:
    async with reached() as found:
        replies = found.stub.Count(toy.CountRequest(up_to=1000))
        async for reply in replies:
            if reply.number == 2:
                break
        await replies.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        assert found.server.metadata == []
