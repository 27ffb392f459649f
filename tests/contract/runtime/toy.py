"""The toy service: a handler of every shape that behaves as its request says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from mootion.errors.v1 import reason_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh import context
from mesh.context import CallContext
from mesh.errors import CallError
from mesh.runtime import Runtime
from mesh.service import Parts, Servicer

CANARY = "canary-7c1f"
SERVICE = toy.DESCRIPTOR.services_by_name["ToyService"]
Context = grpc.aio.ServicerContext[Any, Any]


class Toy(rpc.ToyServiceServicer):
    """Counts what reaches it, and keeps what ended by cancellation."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.runs: dict[str, int] = {}
        self.cancelled = asyncio.Event()
        self.entered = asyncio.Event()
        self.released = asyncio.Event()
        self.behaviours: dict[str, Callable[[], Awaitable[None]]] = {
            "boom": self._boom,
            "sleep": self._sleep,
            "hold": self._hold,
            "group": self._group,
        }

    async def Echo(self, request: toy.EchoRequest, context_: Context) -> toy.EchoResponse:
        self._count("Echo")
        await self._behave(request.text)
        call = _call()
        return toy.EchoResponse(
            text=request.text,
            remaining_seconds=call.remaining_seconds(),
            principal=call.principal.id if call.principal else "",
            request_id=call.request_id,
        )

    async def Count(self, request: toy.CountRequest, context_: Context) -> AsyncIterator[toy.CountResponse]:
        self._count("Count")
        for number in range(1, request.up_to + 1):
            yield toy.CountResponse(number=number)
        await self._behave(request.text)

    async def Upload(
        self, request_iterator: AsyncIterator[toy.UploadRequest], context_: Context
    ) -> toy.UploadResponse:
        size = 0
        async for request in request_iterator:
            size += len(request.content.data)
            await self._behave(request.name)
        self._count("Upload")
        return toy.UploadResponse(upload_id=self.runtime.ids.new(), size=size)

    async def Chat(
        self, request_iterator: AsyncIterator[toy.ChatRequest], context_: Context
    ) -> AsyncIterator[toy.ChatResponse]:
        async for request in request_iterator:
            await self._behave(request.text)
            yield toy.ChatResponse(text=request.text.upper())

    async def Relay(self, request: toy.RelayRequest, context_: Context) -> toy.RelayResponse:
        self._count("Relay")
        remaining = _call().remaining_seconds()
        stub: rpc.ToyServiceAsyncStub = self.runtime.channels.stub(rpc.ToyServiceStub, "toy")
        if request.hops > 1:
            reply = await stub.Relay(toy.RelayRequest(hops=request.hops - 1, text=request.text))
            return toy.RelayResponse(remaining_seconds=[remaining, *reply.remaining_seconds], echo=reply.echo)
        echo = await stub.Echo(toy.EchoRequest(text=request.text))
        return toy.RelayResponse(remaining_seconds=[remaining], echo=echo)

    async def CreateThing(
        self, request: toy.CreateThingRequest, context_: Context
    ) -> toy.CreateThingResponse:
        await asyncio.sleep(0.01)
        self._count("CreateThing")
        reply = toy.CreateThingResponse(thing_id=self.runtime.ids.new())
        if request.name == "remembered":
            async with self.runtime.database.transaction() as transaction:
                transaction.remember(reply)
        await self._behave(request.name)
        return reply

    async def GetMine(self, request: toy.GetMineRequest, context_: Context) -> toy.GetMineResponse:
        await asyncio.sleep(0.01)
        return toy.GetMineResponse(runs=self._count("GetMine"))

    async def GetShared(self, request: toy.GetSharedRequest, context_: Context) -> toy.GetSharedResponse:
        return toy.GetSharedResponse(runs=self._count("GetShared"))

    async def Administer(self, request: toy.AdministerRequest, context_: Context) -> toy.AdministerResponse:
        return toy.AdministerResponse()

    async def Report(self, request: toy.ReportRequest, context_: Context) -> toy.ReportResponse:
        return toy.ReportResponse()

    def _count(self, method: str) -> int:
        self.runs[method] = self.runs.get(method, 0) + 1
        return self.runs[method]

    async def _behave(self, text: str) -> None:
        if text in self.behaviours:
            await self.behaviours[text]()

    async def _boom(self) -> None:
        raise ValueError(f"{CANARY} at /srv/secret/path")

    async def _group(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_refuse())
            tasks.create_task(asyncio.sleep(10))

    async def _sleep(self) -> None:
        self.entered.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def _hold(self) -> None:
        self.entered.set()
        await self.released.wait()


async def _refuse() -> None:
    raise CallError(grpc.StatusCode.ABORTED, reason_pb2.REASON_CONCURRENT_CHANGE, "It changed meanwhile.")


def _call() -> CallContext:
    call = context.current()
    assert call is not None
    return call


def parts(toy_servicer: Toy) -> Parts:
    """The toy service as a server takes it."""
    return Parts("toy", [Servicer(toy_servicer, rpc.add_ToyServiceServicer_to_server, SERVICE)])
