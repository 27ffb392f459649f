"""R8: the time of a call shrinks from the edge to the last service, and its end stops every hop.

The chain is one that the contracts allow: the edge calls answer, answer calls search, search calls flowchart, and
flowchart calls llm, whose engine is slow. Each service has a server of its own; their handlers only pass the call on.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from mootion.answer.v1 import answer_service_pb2, answer_service_pb2_grpc
from mootion.document.v1 import document_pb2
from mootion.flowchart.v1 import flowchart_service_pb2, flowchart_service_pb2_grpc
from mootion.llm.v1 import llm_service_pb2, llm_service_pb2_grpc
from mootion.search.v1 import search_service_pb2, search_service_pb2_grpc

from gateway.edge import Edge
from mesh import context
from mesh.config import Secret
from mesh.ports.cache_memory import MemoryCache
from mesh.runtime import Runtime
from mesh.service import Build, Parts, Servicer
from mesh.testing import free_port, running
from services.llm.desk import Desk
from services.llm.service import LlmService
from tests.stopwatch import Stopwatch, quickest

CHAIN = ("answer", "search", "flowchart", "llm")
DEADLINE_SECONDS = 0.3
STOPPED_WITHIN_SECONDS = 0.1
# A busy machine is not in the way of every call.
ROUNDS = 8


@dataclass
class Watched:
    """What happened at each hop: the time it had left when it began, and when it was stopped."""

    remaining: dict[str, float] = field(default_factory=dict)
    stopped: dict[str, float] = field(default_factory=dict)
    engine_calls: list[float] = field(default_factory=list)
    leaf_reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def passes(self, name: str, onward: Any) -> None:
        """Notes a hop, and goes on to the next."""
        call = context.current()
        assert call is not None
        self.remaining[name] = call.remaining_seconds()
        try:
            await onward
        finally:
            self.stopped[name] = time.monotonic()

    def forget(self) -> None:
        """What follows is about another call."""
        for noted in (self.remaining, self.stopped, self.engine_calls):
            noted.clear()
        self.leaf_reached.clear()

    async def over(self) -> None:
        """Waits until every hop that was reached has stopped, and then a little for what should not come."""
        async with asyncio.timeout(60):
            while self.stopped.keys() < self.remaining.keys():  # noqa: ASYNC110 - noted by other tasks
                await asyncio.sleep(0.005)
        await asyncio.sleep(STOPPED_WITHIN_SECONDS)


class SlowEngine:
    """An engine whose answers take longer than anybody waits."""

    name, model, revision = "slow", "slow", 1

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    async def infer_relations(self, request: Any) -> Any:
        self._watched.engine_calls.append(time.monotonic())
        self._watched.leaf_reached.set()
        await asyncio.sleep(30)

    async def close(self) -> None:
        """Holds nothing."""


def builds(watched: Watched) -> dict[str, Build]:
    """The four services of the chain."""

    def answer(runtime: Runtime) -> Parts:
        class Answer(answer_service_pb2_grpc.AnswerServiceServicer):
            async def Ask(self, request: Any, context_: Any) -> Any:
                stub: Any = runtime.channels.stub(search_service_pb2_grpc.SearchServiceStub, "search")
                onward = stub.Search(search_service_pb2.SearchRequest(query="wave"))
                await watched.passes("answer", onward)
                return answer_service_pb2.AskResponse()

        return _parts("answer", Answer, answer_service_pb2_grpc, answer_service_pb2, "AnswerService")

    def search(runtime: Runtime) -> Parts:
        class Search(search_service_pb2_grpc.SearchServiceServicer):
            async def Search(self, request: Any, context_: Any) -> Any:
                stub: Any = runtime.channels.stub(
                    flowchart_service_pb2_grpc.FlowchartServiceStub, "flowchart"
                )
                onward = stub.GetFlowchart(flowchart_service_pb2.GetFlowchartRequest(document_id="d1"))
                await watched.passes("search", onward)
                return search_service_pb2.SearchResponse()

        return _parts("search", Search, search_service_pb2_grpc, search_service_pb2, "SearchService")

    def flowchart(runtime: Runtime) -> Parts:
        class Flowchart(flowchart_service_pb2_grpc.FlowchartServiceServicer):
            async def GetFlowchart(self, request: Any, context_: Any) -> Any:
                stub: Any = runtime.channels.stub(llm_service_pb2_grpc.LlmServiceStub, "llm")
                onward = stub.InferRelations(_relations())
                await watched.passes("flowchart", onward)
                return flowchart_service_pb2.GetFlowchartResponse()

        return _parts(
            "flowchart", Flowchart, flowchart_service_pb2_grpc, flowchart_service_pb2, "FlowchartService"
        )

    def llm(runtime: Runtime) -> Parts:
        service = LlmService(Desk(SlowEngine(watched), None, MemoryCache()))  # type: ignore[arg-type]

        class Llm(llm_service_pb2_grpc.LlmServiceServicer):
            async def InferRelations(self, request: Any, context_: Any) -> Any:
                await watched.passes("llm", service.InferRelations(request, context_))

        return _parts("llm", Llm, llm_service_pb2_grpc, llm_service_pb2, "LlmService")

    return {"answer": answer, "search": search, "flowchart": flowchart, "llm": llm}


def _parts(name: str, servicer: Any, rpc: Any, messages: Any, service: str) -> Parts:
    register = getattr(rpc, f"add_{service}Servicer_to_server")
    return Parts(name, [Servicer(servicer(), register, messages.DESCRIPTOR.services_by_name[service])])


def _relations() -> llm_service_pb2.InferRelationsRequest:
    """Each its own: equal requests at once would share one answer."""
    passage = document_pb2.Passage(passage_id=str(time.monotonic_ns()), text="A wave carries energy.")
    return llm_service_pb2.InferRelationsRequest(passages=[passage])


@dataclass
class World:
    """The running chain."""

    watched: Watched
    stub: answer_service_pb2_grpc.AnswerServiceAsyncStub


# One key for all, as every process of a mesh has it.
MESH_KEY = Secret("bWVzaCBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXRlcyE=")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    watched, ports = Watched(), {name: free_port() for name in CHAIN}
    addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    async with AsyncExitStack() as stack:
        for name, build in builds(watched).items():
            (tmp_path / name).mkdir()
            served = await stack.enter_async_context(
                running(
                    build,
                    workload=name,
                    data_dir=tmp_path / name,
                    grpc_port=ports[name],
                    addresses=addresses,
                    mesh_key=MESH_KEY,
                )
            )
        settings = served.runtime.settings
        edge = Edge(
            type(settings)(
                data_dir=tmp_path, edge_port=free_port(), edge_admin_port=free_port(), addresses=addresses
            )
        )
        await edge.start()
        stack.push_async_callback(edge.stop, 0.1)
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(edge.url.removeprefix("http://")))
        stub: Any = answer_service_pb2_grpc.AnswerServiceStub(channel)
        await _warmed(stub, watched)
        yield World(watched, stub)


async def _warmed(stub: Any, watched: Watched) -> None:
    """Connections are made and every hop has been reached once, so that what follows is about the calls alone."""
    for _ in range(40):
        call = stub.Ask(ASKED, timeout=4)
        try:
            await asyncio.wait_for(watched.leaf_reached.wait(), 2)
        except TimeoutError:
            continue
        finally:
            call.cancel()
            await asyncio.sleep(0.1)
        break
    else:
        raise TimeoutError("no call reaches the last hop")
    watched.forget()


ASKED = answer_service_pb2.AskRequest(question="What is a wave?")


async def test_time_shrinks_at_every_hop_and_its_end_stops_them_all(world: World) -> None:
    async def went_on() -> float:
        world.watched.forget()
        with Stopwatch() as watch:
            began = time.monotonic()
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await world.stub.Ask(ASKED, timeout=DEADLINE_SECONDS)
            assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            await world.watched.over()
        left = [world.watched.remaining[name] for name in CHAIN if name in world.watched.remaining]
        assert left == sorted(left, reverse=True)
        # gRPC rounds a timeout up on the wire, by no more than this.
        assert all(0 < each <= DEADLINE_SECONDS * 1.005 for each in left)
        if len(left) < len(CHAIN) or watch.stood_still:
            return math.inf
        assert left[-1] < left[0]
        assert [at for at in world.watched.engine_calls if at - began > DEADLINE_SECONDS] == []
        return max(world.watched.stopped.values()) - began - DEADLINE_SECONDS

    assert await quickest(went_on, STOPPED_WITHIN_SECONDS, ROUNDS) < STOPPED_WITHIN_SECONDS


async def test_a_client_that_goes_away_stops_every_hop(world: World) -> None:
    async def went_on() -> float:
        world.watched.forget()
        call = world.stub.Ask(ASKED, timeout=60)
        await asyncio.wait_for(world.watched.leaf_reached.wait(), 60)
        with Stopwatch() as watch:
            gone = time.monotonic()
            call.cancel()
            await world.watched.over()
        assert set(world.watched.stopped) == set(CHAIN)
        assert len(world.watched.engine_calls) == 1
        return max(world.watched.stopped.values()) - gone - watch.stood_still

    assert await quickest(went_on, STOPPED_WITHIN_SECONDS, ROUNDS) < STOPPED_WITHIN_SECONDS
