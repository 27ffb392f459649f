"""What the metrics of a process say after calls, jobs, events and circuits did this and that."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc
from prometheus_client import generate_latest

from mesh.backlog import Backlog
from mesh.breaker import MOST_FAILURES, CircuitBreaker, CircuitOpen
from mesh.config import Settings
from mesh.consuming import Reject, Retry
from mesh.errors import CallError
from mesh.metrics import Metrics
from mesh.ports.queue import Lease
from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import free_port, running
from mesh.worker import consume
from tests.contract.runtime.toy import Toy, parts

TOPIC = "toy.topic"
ECHO = "/mootion.toy.v1.ToyService/Echo"


def build(runtime: Runtime) -> Parts:
    return parts(Toy(runtime))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


async def test_a_failed_call_is_counted_by_the_reason_of_the_contract() -> None:
    async with running(build) as found:
        metrics, stub = found.runtime.telemetry.metrics, found.stub(rpc.ToyServiceStub, "toy")
        await stub.Echo(toy.EchoRequest(text="hi"))
        with pytest.raises(CallError):
            await stub.Echo(toy.EchoRequest(text="boom"))
    assert value(metrics, "mootion_failed_calls_total", method=ECHO, reason="INTERNAL") == 1
    assert value(metrics, "mootion_calls_total", method=ECHO, code="OK") == 1


def test_the_state_of_a_circuit_is_told_when_it_is_asked_for() -> None:
    now = 0.0
    breaker, metrics = CircuitBreaker(lambda: now), Metrics()
    metrics.watch_circuit("quiz", breaker)
    seen = [value(metrics, "mootion_circuit_state", target="quiz")]
    for _ in range(MOST_FAILURES):
        breaker.admit().failed()
    with pytest.raises(CircuitOpen):
        breaker.admit()
    seen.append(value(metrics, "mootion_circuit_state", target="quiz"))
    now = 60.0
    breaker.admit()
    seen.append(value(metrics, "mootion_circuit_state", target="quiz"))
    assert seen == [0, 2, 1]


async def test_jobs_are_counted_by_how_they_end() -> None:
    async def handle(lease: Lease) -> None:
        if lease.key == "wrong":
            raise Reject(reason_pb2.REASON_INVALID_FIELD, "never")
        if lease.key == "later" and lease.attempt == 1:
            raise Retry(0.0)

    async with running(build) as found:
        runtime, until = found.runtime, asyncio.Event()
        for key in ("right", "wrong", "later"):
            await runtime.queue.publish(TOPIC, key, b"")
        working = asyncio.create_task(consume(runtime, TOPIC, handle, until=until))
        async with asyncio.timeout(30):
            while await runtime.queue.depth(TOPIC):  # noqa: ASYNC110 - another task works on them
                await asyncio.sleep(0.01)
        until.set()
        await working
        metrics = runtime.telemetry.metrics
    ends = {
        outcome: value(metrics, "mootion_jobs_total", topic=TOPIC, outcome=outcome)
        for outcome in ("done", "retried", "dead", "lost")
    }
    assert ends == {"done": 2, "retried": 1, "dead": 1, "lost": 0}
    assert value(metrics, "mootion_job_seconds_count", topic=TOPIC) == 2


async def test_what_waits_is_measured() -> None:
    async with running(build) as found:
        runtime = found.runtime
        backlog = Backlog(runtime, [TOPIC], ["toy"])
        await backlog.sample()
        metrics = runtime.telemetry.metrics
        empty = [
            value(metrics, "mootion_queue_age_seconds", topic=TOPIC),
            value(metrics, "mootion_event_lag_seconds", subscription="toy"),
        ]
        await runtime.queue.publish(TOPIC, "a", b"")
        async with runtime.database.transaction() as tx:
            tx.publish(event_pb2.Event(owner_id="ada"))
        await asyncio.sleep(0.05)
        await backlog.sample()
    assert empty == [0, 0]
    assert value(metrics, "mootion_queue_depth", topic=TOPIC) == 1
    age = value(metrics, "mootion_queue_age_seconds", topic=TOPIC)
    lag = value(metrics, "mootion_event_lag_seconds", subscription="toy")
    assert age is not None and lag is not None
    assert 0.04 < age < 5 and 0.04 < lag < 5
    assert value(metrics, "mootion_events_set_apart", subscription="toy") == 0


@pytest.mark.parametrize(("first", "expected"), [(9464, ["9465", "9466", "9467"]), (0, ["0", "0", "0"])])
def test_each_worker_of_a_system_has_a_metrics_port_of_its_own(
    tmp_path: Path, first: int, expected: list[str]
) -> None:
    from cli.system import System

    system = System(Settings(data_dir=tmp_path, metrics_port=first, render_workers=2, document_workers=1))
    assert [child._environment["MOOTION_METRICS_PORT"] for child in system._children] == expected


def test_a_worker_whose_metrics_port_is_taken_works_all_the_same(tmp_path: Path) -> None:
    import socket

    from mesh.runtime import open_runtime
    from mesh.worker import _measured

    async def work(port: int) -> bool:
        settings = Settings(data_dir=tmp_path, metrics_port=port, log_level="error")
        async with open_runtime(settings, "toy-worker") as runtime, _measured(runtime):
            return True

    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert asyncio.run(work(port))


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian package prometheus) is missing"
)
async def test_promtool_finds_nothing_wrong_with_what_is_answered() -> None:
    async with running(build) as found:
        await found.stub(rpc.ToyServiceStub, "toy").Echo(toy.EchoRequest(text="hi"))
        metrics = found.runtime.telemetry.metrics
        metrics.job_ended(TOPIC, "done", 1.0)
        metrics.watch_circuit("quiz", CircuitBreaker())
        answered = generate_latest(metrics.registry)
    command = ["promtool", "check", "metrics"]
    done = await asyncio.to_thread(subprocess.run, command, input=answered, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
