"""Backpressure: a server takes so many calls at once and refuses the others at once, each service for itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.toy.v1 import toy_service_pb2 as toy

from mesh import policy
from mesh.errors import CallError
from mesh.interceptors.admission import Admission
from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import running
from tests.contract.runtime.conftest import Served
from tests.contract.runtime.toy import Toy, parts
from tests.stopwatch import Stopwatch, quickest

HOLD = toy.EchoRequest(text="hold")
# For what is to happen by itself, on a machine that does much else.
SOON = 30.0
AT_ONCE_SECONDS = 0.05


@pytest.fixture
async def small() -> AsyncIterator[Served]:
    """A server that takes two calls and one stream at once."""
    toys: list[Toy] = []

    def build(runtime: Runtime) -> Parts:
        toys.append(Toy(runtime))
        return parts(toys[0])

    async with running(build, workload="toy", max_calls=2, max_streams=1) as found:
        yield Served(found, toys[0])


async def filled(served: Served) -> list[asyncio.Future[Any]]:
    """As many calls as are taken, all of them being served."""
    calls: list[asyncio.Future[Any]] = []
    for _ in range(2):
        calls.append(asyncio.ensure_future(served.stub().Echo(HOLD)))
        await asyncio.wait_for(served.toy.entered.wait(), SOON)
        served.toy.entered.clear()
    return calls


async def refusal(served: Served, text: str) -> CallError:
    """What a call ends with."""
    with pytest.raises(CallError) as raised:
        await served.stub().Echo(toy.EchoRequest(text=text))
    return raised.value


async def test_a_call_too_many_is_refused_at_once_and_told_when_to_come_back(small: Served) -> None:
    calls = await filled(small)

    async def took() -> float:
        with Stopwatch() as watch, pytest.raises(CallError) as raised:
            await small.stub().Echo(toy.EchoRequest(text="hi"))
        assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert raised.value.reason == reason_pb2.REASON_OVERLOADED
        assert raised.value.retry_after_seconds == 1
        return watch.seconds

    assert await quickest(took, AT_ONCE_SECONDS) < AT_ONCE_SECONDS
    assert small.toy.runs["Echo"] == 2
    small.toy.released.set()
    assert [(await call).text for call in calls] == ["hold", "hold"]


async def test_room_is_free_again_when_a_call_has_ended_however_it_ended(small: Served) -> None:
    for call in await filled(small):
        call.cancel()
    async with asyncio.timeout(SOON):
        while (await refusal(small, "boom")).reason == reason_pb2.REASON_OVERLOADED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await refusal(small, "boom")).reason == reason_pb2.REASON_INTERNAL
    assert (await small.stub().Echo(toy.EchoRequest(text="hi"))).text == "hi"


async def test_streams_have_room_of_their_own(small: Served) -> None:
    calls = await filled(small)
    assert [one.number async for one in small.stub().Count(toy.CountRequest(up_to=2))] == [1, 2]
    stream: Any = small.stub().Count(toy.CountRequest(up_to=1, text="hold"))
    assert (await anext(stream)).number == 1
    with pytest.raises(CallError) as raised:
        async for _ in small.stub().Count(toy.CountRequest(up_to=1)):
            pass
    assert raised.value.reason == reason_pb2.REASON_OVERLOADED
    small.toy.released.set()
    await asyncio.gather(*calls)
    await stream.aclose()


def test_services_of_one_process_do_not_take_each_others_room() -> None:
    from mootion.document.v1 import document_service_pb2  # noqa: F401

    admission = Admission(max_calls=1, max_streams=1)
    echo = policy.method("/mootion.toy.v1.ToyService/Echo")
    get = policy.method("/mootion.document.v1.DocumentService/GetDocument")
    relay = policy.method("/mootion.toy.v1.ToyService/Relay")
    assert admission.room(echo) is admission.room(relay)
    assert admission.room(echo) is not admission.room(get)
