"""A worker as a process: configured by its environment, ended by a signal."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from mesh import context
from mesh.config import Settings
from mesh.ports.open_ports import open_ports
from mesh.ports.queue import Lease
from mesh.runtime import Runtime
from mesh.worker import Consumer, run_worker
from tests.integration.ports import journal, processes
from tests.stopwatch import Stopwatch

TOPIC = "test.work"
STARTED = "started"


def consumers(runtime: Runtime) -> Sequence[Consumer]:
    """One that works for as many seconds as the job says."""

    async def handle(lease: Lease) -> None:
        journal.append(runtime.settings.data_dir / STARTED, lease.key, context.workload())
        await asyncio.sleep(float(lease.body))

    return [Consumer(TOPIC, handle)]


def worker(environment: dict[str, str]) -> None:
    """The `main` of a worker."""
    os.environ.update(environment)
    run_worker("test-worker", consumers)


async def test_a_worker_ends_by_a_signal_and_gives_its_job_back_at_once(tmp_path: Path) -> None:
    ports = await open_ports(Settings(data_dir=tmp_path))
    await ports.queue.publish(TOPIC, "long", b"60")
    environment = {"MOOTION_DATA_DIR": str(tmp_path), "MOOTION_DRAIN_GRACE_SECONDS": "0.2"}
    process = processes.start_main(worker, environment)
    await journal.wait_for_line(tmp_path / STARTED)
    assert process.pid is not None
    with Stopwatch() as watch:
        os.kill(process.pid, signal.SIGTERM)
        lease = await ports.queue.lease(TOPIC, wait_seconds=60)
    assert lease is not None and lease.attempt == 1
    assert watch.seconds < 1.5
    await asyncio.to_thread(process.join, 60)
    await ports.close()
    assert process.exitcode == 0
    assert journal.lines(tmp_path / STARTED) == [["long", "test-worker"]]


async def test_a_worker_finishes_a_short_job_before_it_ends(tmp_path: Path) -> None:
    ports = await open_ports(Settings(data_dir=tmp_path))
    await ports.queue.publish(TOPIC, "short", b"0.3")
    process = processes.start_main(worker, {"MOOTION_DATA_DIR": str(tmp_path)})
    await journal.wait_for_line(tmp_path / STARTED)
    process.terminate()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == 0
    assert await ports.queue.depth(TOPIC) == 0
    await ports.close()


def test_a_wrongly_configured_worker_says_so_and_leaves_with_status_2(tmp_path: Path) -> None:
    environment = {"MOOTION_DATA_DIR": str(tmp_path), "AMQP_URL": "http://nowhere"}
    process = processes.start_main(worker, environment)
    process.join(60)
    assert process.exitcode == 2
