"""A process, or a task in one, that works on jobs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

from mesh import context
from mesh.config import ConfigurationError, Settings
from mesh.consuming import (
    FINISH_SECONDS,
    MAX_ATTEMPTS,
    Consumer,
    Consuming,
    Handle,
    OnDead,
    Reject,
    Retry,
)
from mesh.metrics import MetricsEndpoint
from mesh.one_at_a_time import OneAtATime
from mesh.ports.queue import LEASE_SECONDS
from mesh.runtime import Runtime, open_runtime

__all__ = ["Consumer", "Reject", "Retry", "consume", "run_worker"]

BAD_CONFIGURATION = 2

log = structlog.get_logger(__name__)

Consumers = Callable[[Runtime], Sequence[Consumer]]


async def consume(
    runtime: Runtime,
    topic: str,
    handle: Handle,
    *,
    until: asyncio.Event,
    on_dead: OnDead | None = None,
    lease_seconds: float = LEASE_SECONDS,
    max_attempts: int = MAX_ATTEMPTS,
    concurrency: int = 1,
) -> None:
    """Works on the jobs of a topic until the event is set; see `Consumer` for the arguments.

    The handler runs while the lease is extended. It is cancelled when the lease is lost. When it returns, the
    job is done; when it raises, the job is tried again after a growing wait, at most `max_attempts` times.
    """
    consumer = Consumer(topic, handle, on_dead, max_attempts, concurrency, lease_seconds)
    await _consuming(runtime, consumer).run(until)


def run_worker(workload: str, consumers: Consumers, *, one_at_a_time: bool = False) -> None:
    """Runs a worker process until SIGTERM or SIGINT: the `main` of `workers/<name>/__main__.py`.

    A job that does not end within five seconds of the signal, or the drain grace where that is less, is
    cancelled and given back, so that another worker takes it at once. Leaves the process with status 2 when
    the configuration is wrong.

    Args:
        one_at_a_time: work on one job of all consumers' at a time, for jobs that may end the process.
    """
    try:
        settings = Settings.from_environment(os.environ)
        asyncio.run(_work(settings, workload, consumers, one_at_a_time))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_CONFIGURATION)


async def _work(settings: Settings, workload: str, consumers: Consumers, one_at_a_time: bool) -> None:
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, until.set)
    with context.working_as(workload):
        async with (
            open_runtime(settings, workload) as runtime,
            _measured(runtime),
            asyncio.TaskGroup() as group,
        ):
            working = [_consuming(runtime, consumer) for consumer in consumers(runtime)]
            for each in [OneAtATime(working)] if one_at_a_time else working:
                group.create_task(each.run(until))


def _consuming(runtime: Runtime, consumer: Consumer) -> Consuming:
    finish_seconds = min(FINISH_SECONDS, runtime.settings.drain_grace_seconds)
    telemetry = runtime.telemetry
    telemetry.metrics.expect_jobs(consumer.topic)
    return Consuming(
        runtime.queue,
        telemetry.tracing,
        consumer,
        finish_seconds=finish_seconds,
        on_end=telemetry.metrics.job_ended,
    )


@asynccontextmanager
async def _measured(runtime: Runtime) -> AsyncIterator[None]:
    """Answers for the metrics of this worker while the block runs; a port that is taken costs the metrics only."""
    port, endpoint = runtime.settings.metrics_port, None
    if port:
        try:
            endpoint = MetricsEndpoint(runtime.telemetry.metrics.registry, port)
        except OSError:
            log.warning("metrics port is taken", port=port, mend="set MOOTION_METRICS_PORT to a free port")
    try:
        yield
    finally:
        if endpoint is not None:
            endpoint.close()
