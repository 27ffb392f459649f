"""A server starts only where it is right in every way, and stops without a caller noticing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc
from mootion.toy.v1 import unruled_pb2, unruled_pb2_grpc

from mesh import handlers, status
from mesh.client import Channels
from mesh.config import ConfigurationError, Settings
from mesh.errors import CallError
from mesh.listening import check_exposure
from mesh.outgoing import Identity
from mesh.runtime import Runtime, open_runtime
from mesh.server import Server, serve
from mesh.service import Parts, Servicer
from mesh.testing import Running, free_port
from tests.contract.runtime.conftest import Served
from tests.contract.runtime.toy import SERVICE, Toy, parts

ROOT = Path(__file__).parents[3]
# For what is to happen by itself, on a machine that does much else.
SOON = 30.0


def settings(folder: Path, **changes: Any) -> Settings:
    defaults = {"data_dir": folder, "grpc_port": free_port(), "metrics_port": 0, "drain_notice_seconds": 0.0}
    return Settings(**{**defaults, **changes})


class Ungoverned(unruled_pb2_grpc.UnruledServiceServicer):
    async def Ungoverned(self, request: Any, context: Any) -> unruled_pb2.UngovernedResponse:
        return unruled_pb2.UngovernedResponse()


class Blocking(Toy):
    def Echo(self, request: toy.EchoRequest, context_: Any) -> toy.EchoResponse:  # type: ignore[override]
        return toy.EchoResponse()


UNRULED = Servicer(
    Ungoverned(),
    unruled_pb2_grpc.add_UnruledServiceServicer_to_server,
    unruled_pb2.DESCRIPTOR.services_by_name["UnruledService"],
)


def toy_with(implementation: object) -> Servicer:
    return Servicer(implementation, rpc.add_ToyServiceServicer_to_server, SERVICE)


def problems_of(*servicers: Servicer, partial: bool = False) -> str:
    with pytest.raises(ConfigurationError) as raised:
        handlers.bind(servicers, [], partial=partial)
    return str(raised.value)


def test_a_method_without_a_policy_is_refused_by_name() -> None:
    problem = problems_of(UNRULED, partial=True)
    assert "/mootion.toy.v1.UnruledService/Ungoverned has no policy" in problem


def test_a_servicer_that_is_registered_as_another_service_is_refused() -> None:
    servicer = Servicer(Ungoverned(), unruled_pb2_grpc.add_UnruledServiceServicer_to_server, SERVICE)
    assert "mootion.toy.v1.ToyService" in problems_of(servicer, partial=True)


def test_a_method_that_is_not_implemented_is_refused() -> None:
    problem = problems_of(toy_with(cast(Any, rpc.ToyServiceServicer)()))
    assert "/mootion.toy.v1.ToyService/Echo is in the contract and not implemented" in problem


def test_a_service_that_is_registered_twice_is_refused(served: Served) -> None:
    assert "more than once" in problems_of(toy_with(served.toy), toy_with(served.toy))


def test_a_handler_that_would_block_the_loop_is_refused(served: Served) -> None:
    assert "ToyService/Echo: its handler must be" in problems_of(toy_with(Blocking(served.running.runtime)))


def test_a_service_of_the_same_contract_that_is_left_out_is_refused() -> None:
    from mootion.document.v1 import document_service_pb2, document_service_pb2_grpc

    servicer = Servicer(
        cast(Any, document_service_pb2_grpc.DocumentServiceServicer)(),
        document_service_pb2_grpc.add_DocumentServiceServicer_to_server,
        document_service_pb2.DESCRIPTOR.services_by_name["DocumentService"],
    )
    assert "mootion.document.v1.DocumentProcessingService is in the contracts" in problems_of(servicer)


def test_the_local_principal_is_never_reachable_from_another_machine() -> None:
    with pytest.raises(ConfigurationError, match="MOOTION_LOCAL_PRINCIPAL=off"):
        check_exposure(Settings(bind_host="0.0.0.0"))
    check_exposure(Settings(bind_host="0.0.0.0", local_principal=False))
    check_exposure(Settings(bind_host="::1"))


async def test_a_port_that_is_taken_is_said_by_its_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with open_runtime(settings(tmp_path, grpc_port=port), "toy") as runtime:
            with pytest.raises(ConfigurationError, match="MOOTION_GRPC_PORT"):
                await serve(runtime, [parts(Toy(runtime))], until=asyncio.Event(), partial=True)


async def test_health_answers_for_each_service_and_for_the_server(served: Served) -> None:
    health: Any = health_pb2_grpc.HealthStub(served.running.runtime.channels.channel("toy"))
    for name in ("", SERVICE.full_name):
        reply = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert reply.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_lists_the_services(served: Served) -> None:
    reflection = reflection_pb2_grpc.ServerReflectionStub(served.running.runtime.channels.channel("toy"))
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    names = [
        service.name
        async for reply in reflection.ServerReflectionInfo(asked)
        for service in reply.list_services_response.service
    ]
    assert SERVICE.full_name in names


async def test_an_unknown_method_ends_with_a_status_of_ours(served: Served) -> None:
    call: Any = served.running.runtime.channels.channel("toy").unary_unary(
        "/mootion.toy.v1.ToyService/Nothing"
    )
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(b"")
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert status.from_rpc_error(raised.value, "toy").metadata["request_id"]


class Draining:
    """A server whose drain a test watches."""

    def __init__(self, server: Server, servicer: Toy, runtime: Runtime) -> None:
        self.server = server
        self.toy = servicer
        self.runtime = runtime
        self.hurry = asyncio.Event()
        self.stub: rpc.ToyServiceAsyncStub = Running(runtime).stub(rpc.ToyServiceStub, "toy")
        self.outside = Channels(runtime.settings.address, "", runtime.telemetry)

    async def begin_call(self) -> asyncio.Future[toy.EchoResponse]:
        call = asyncio.ensure_future(self.stub.Echo(toy.EchoRequest(text="hold")))
        await asyncio.wait_for(self.toy.entered.wait(), SOON)
        return call

    def unwarned(self) -> rpc.ToyServiceAsyncStub:
        """A client that has not noticed: it asks for nobody's health."""
        return self.outside.stub(rpc.ToyServiceStub, "toy", identity=Identity(None, "edge"))

    async def health(self) -> int:
        stub: Any = health_pb2_grpc.HealthStub(self.outside.channel("toy"))
        reply = await stub.Check(health_pb2.HealthCheckRequest(service=SERVICE.full_name))
        return int(reply.status)


@contextlib.asynccontextmanager
async def draining(folder: Path, **changes: Any) -> Any:
    async with open_runtime(settings(folder, **changes), "toy") as runtime:
        servicer = Toy(runtime)
        server = Server(runtime, [parts(servicer)], partial=True)
        await server.start()
        found = Draining(server, servicer, runtime)
        yield found
        await found.outside.close()


async def test_a_drain_says_not_serving_first_and_still_takes_calls(tmp_path: Path) -> None:
    async with draining(tmp_path, drain_notice_seconds=60) as found:
        drain = asyncio.ensure_future(found.server.drain(found.hurry))
        await asyncio.sleep(0.05)
        assert await found.health() == health_pb2.HealthCheckResponse.NOT_SERVING
        assert (await found.unwarned().Echo(toy.EchoRequest(text="hi"))).text == "hi"
        assert not drain.done()
        found.hurry.set()
        await drain


async def test_a_drain_finishes_the_calls_in_flight_and_takes_no_new_ones(tmp_path: Path) -> None:
    async with draining(tmp_path) as found:
        call = await found.begin_call()
        drain = asyncio.ensure_future(found.server.drain(found.hurry))
        await asyncio.sleep(0.1)
        assert not drain.done()
        found.toy.released.set()
        assert (await call).text == "hold"
        await drain


async def test_a_call_that_outlasts_the_grace_is_told_to_come_back(tmp_path: Path) -> None:
    async with draining(tmp_path, drain_grace_seconds=0.1) as found:
        # A method that is not repeated, so that what was said is what is seen.
        call = asyncio.ensure_future(found.stub.Upload(iter([toy.UploadRequest(name="hold")])))
        await asyncio.wait_for(found.toy.entered.wait(), SOON)
        await found.server.drain(found.hurry)
        with pytest.raises(CallError, match="is being restarted") as raised:
            await call
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE
    assert raised.value.retry_after_seconds == 1


async def test_a_second_signal_waits_for_nothing(tmp_path: Path) -> None:
    async with draining(tmp_path, drain_notice_seconds=60, drain_grace_seconds=60) as found:
        call = await found.begin_call()
        drain = asyncio.ensure_future(found.server.drain(found.hurry))
        await asyncio.sleep(0.05)
        found.hurry.set()
        await asyncio.wait_for(drain, SOON)
        call.cancel()


async def test_parts_start_before_the_first_call_and_stop_after_the_last(tmp_path: Path) -> None:
    happened: list[str] = []
    worked = asyncio.Event()

    def step(name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            happened.append(name)
            if name == "task":
                worked.set()

        return run

    async with open_runtime(settings(tmp_path), "toy") as runtime:
        until = asyncio.Event()
        part = Parts(
            "toy", parts(Toy(runtime)).servicers, [step("task")], start=step("start"), stop=step("stop")
        )
        serving = asyncio.ensure_future(
            serve(runtime, [part], until=until, ready=lambda: happened.append("ready"), partial=True)
        )
        await asyncio.wait_for(worked.wait(), SOON)
        until.set()
        await serving
    assert happened == ["start", "ready", "task", "stop"]


PROGRAM = """
import sys
sys.path.insert(0, "tests/gen")
from tests.contract.runtime.toy import Toy, parts
from mesh.server import run_service
run_service(lambda runtime: parts(Toy(runtime)))
"""


def started(folder: Path, port: int, **variables: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "MOOTION_DATA_DIR": str(folder),
        "MOOTION_GRPC_PORT": str(port),
        "MOOTION_METRICS_PORT": str(free_port()),
        "MOOTION_DRAIN_NOTICE_SECONDS": "0",
        **variables,
    }
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def serving_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stderr is not None
    for line in process.stderr:
        found = json.loads(line)
        if found["event"] == "serving":
            return dict(found)
    raise AssertionError("it ended before it served")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_ends_cleanly_at_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path, free_port()) as process:
        assert serving_line(process)["services"] == ["toy"]
        process.send_signal(number)
        assert process.wait(SOON) == 0


def test_a_process_that_is_configured_wrongly_says_everything_at_once(tmp_path: Path) -> None:
    with started(tmp_path, 0, MOOTION_ENGINE="magic", REDIS_URL="http://x") as process:
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(SOON) == 2
    for name in ("MOOTION_GRPC_PORT", "MOOTION_ENGINE", "REDIS_URL"):
        assert name in said
    assert "Traceback" not in said
