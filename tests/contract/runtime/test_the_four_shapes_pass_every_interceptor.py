"""Each shape of a method is served, refused, stopped and counted in the same way."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh.errors import CallError
from tests.contract.runtime.conftest import Served
from tests.contract.runtime.toy import CANARY, SERVICE
from tests.stopwatch import Stopwatch, quickest

Behave: TypeAlias = "Callable[[rpc.ToyServiceAsyncStub, str], Awaitable[object]]"


async def echo(stub: rpc.ToyServiceAsyncStub, text: str) -> object:
    return await stub.Echo(toy.EchoRequest(text=text))


async def count(stub: rpc.ToyServiceAsyncStub, text: str) -> object:
    return [reply.number async for reply in stub.Count(toy.CountRequest(up_to=3, text=text))]


async def upload(stub: rpc.ToyServiceAsyncStub, text: str) -> object:
    return await stub.Upload(iter([toy.UploadRequest(name=text, content={"data": b"12345"})]))


async def chat(stub: rpc.ToyServiceAsyncStub, text: str) -> object:
    return [reply.text async for reply in stub.Chat(iter([toy.ChatRequest(text=text)]))]


# For what is to happen by itself, on a machine that does much else.
SOON = 30.0
DEADLINE_SECONDS = 5.0
SHAPES = pytest.mark.parametrize("behave", [echo, count, upload, chat])


async def test_each_shape_gives_its_replies(served: Served) -> None:
    stub = served.stub()
    assert (await stub.Echo(toy.EchoRequest(text="hi"))).text == "hi"
    assert await count(stub, "") == [1, 2, 3]
    assert (await stub.Upload(iter([toy.UploadRequest(name="a", content={"data": b"123"})] * 2))).size == 6
    assert await chat(stub, "abc") == ["ABC"]


@SHAPES
async def test_an_exception_ends_as_internal_and_its_text_stays_inside(
    served: Served, behave: Behave, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CallError) as raised:
        await behave(served.stub(), "boom")
    assert raised.value.code is grpc.StatusCode.INTERNAL
    assert raised.value.reason == reason_pb2.REASON_INTERNAL
    assert raised.value.metadata["request_id"] in raised.value.message
    assert CANARY not in repr(raised.value) + capsys.readouterr().err


@SHAPES
async def test_a_handler_is_cancelled_when_its_deadline_has_passed(served: Served, behave: Behave) -> None:
    async def took() -> float:
        served.toy.entered.clear()
        served.toy.cancelled.clear()
        with Stopwatch() as watch:
            with pytest.raises(CallError) as raised:
                await behave(served.stub(), "sleep")
            assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
            assert raised.value.reason == reason_pb2.REASON_DEADLINE_EXCEEDED
            if not served.toy.entered.is_set():
                return math.inf
            await asyncio.wait_for(served.toy.cancelled.wait(), SOON)
        return watch.seconds

    most = DEADLINE_SECONDS + 1.5
    assert await quickest(took, most) < most


@SHAPES
async def test_a_handler_is_cancelled_when_its_client_goes_away(served: Served, behave: Behave) -> None:
    async def took() -> float:
        served.toy.entered.clear()
        served.toy.cancelled.clear()
        call = asyncio.ensure_future(behave(served.stub(), "sleep"))
        await asyncio.wait_for(served.toy.entered.wait(), SOON)
        with Stopwatch() as watch:
            call.cancel()
            await asyncio.wait_for(served.toy.cancelled.wait(), SOON)
        return watch.seconds

    assert await quickest(took, 0.5) < 0.5


@SHAPES
async def test_a_workload_that_is_not_among_the_callers_is_refused(served: Served, behave: Behave) -> None:
    with pytest.raises(CallError) as raised:
        await behave(served.stub(caller="stranger"), "hi")
    assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert raised.value.reason == reason_pb2.REASON_CALLER_NOT_ALLOWED


@SHAPES
async def test_each_call_is_counted_by_its_code(served: Served, behave: Behave) -> None:
    await behave(served.stub(), "hi")
    with pytest.raises(CallError):
        await behave(served.stub(), "boom")
    calls = served.running.runtime.telemetry.metrics.calls.collect()
    counted = {
        sample.labels["code"]: sample.value
        for metric in calls
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    assert counted == {"OK": 1.0, "INTERNAL": 1.0}


async def test_bytes_that_are_no_message_are_an_invalid_argument(served: Served) -> None:
    for method in SERVICE.methods:
        path = f"/{SERVICE.full_name}/{method.name}"
        failure = await _send_garbage(served, path, streams=method.client_streaming)
        assert failure.code() is grpc.StatusCode.INVALID_ARGUMENT or method.name in (
            "Administer",
            "Report",
        ), path


async def _send_garbage(served: Served, path: str, *, streams: bool) -> grpc.aio.AioRpcError:
    channel = served.running.runtime.channels.channel("toy")

    async def requests() -> AsyncIterator[bytes]:
        yield b"\xff\xff\xff"

    call: Any = channel.stream_stream(path)(requests())  # type: ignore[arg-type]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async for _ in call:
            pass
    return raised.value


async def test_a_stream_of_requests_ends_at_the_first_invalid_one(served: Served) -> None:
    lines = [toy.ChatRequest(text="good"), toy.ChatRequest(text=""), toy.ChatRequest(text="late")]
    heard = []
    with pytest.raises(CallError) as raised:
        async for reply in served.stub().Chat(iter(lines)):
            heard.append(reply.text)
    assert heard == ["GOOD"]
    assert [violation.field for violation in raised.value.violations] == ["text"]


async def test_all_messages_of_a_stream_together_have_a_size_limit(served: Served) -> None:
    chunk = toy.UploadRequest(content={"data": b"x" * 10_000})
    assert (await served.stub().Upload(iter([chunk] * 6))).size == 60_000
    with pytest.raises(CallError) as raised:
        await served.stub().Upload(iter([chunk] * 7))
    assert raised.value.reason == reason_pb2.REASON_REQUEST_TOO_LARGE


async def test_every_violation_is_named_with_its_path(served: Served) -> None:
    request = toy.EchoRequest(text="", parts=[toy.Part(weight=5), toy.Part(weight=11)])
    with pytest.raises(CallError) as raised:
        await served.stub().Echo(request)
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [found.field for found in raised.value.violations] == ["text", "parts[1].weight"]


async def test_a_request_over_the_size_limit_is_refused(served: Served) -> None:
    with pytest.raises(CallError) as raised:
        await served.stub().Echo(toy.EchoRequest(text="x" * 5000))
    assert raised.value.reason == reason_pb2.REASON_REQUEST_TOO_LARGE


async def test_what_tasks_of_a_handler_meant_is_said_when_they_fail_together(served: Served) -> None:
    with pytest.raises(CallError) as raised:
        await served.stub().Echo(toy.EchoRequest(text="group"))
    assert raised.value.reason == reason_pb2.REASON_CONCURRENT_CHANGE
