"""Serves any number of services in one process, and stops without a caller noticing."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from mesh import context, handlers
from mesh.authority import IdentityAuthority
from mesh.background import Background
from mesh.backlog import Backlog
from mesh.callers import LOCAL_PRINCIPAL, Callers
from mesh.client import MAX_MESSAGE_BYTES
from mesh.config import ConfigurationError, Settings
from mesh.counted import Counted
from mesh.http import CallMiddleware, HttpServer
from mesh.hurry import sleep_unless, wait_unless
from mesh.in_flight import InFlight
from mesh.interceptors import interceptors
from mesh.interceptors.admission import Admission
from mesh.listening import bound, check_exposure, listen, require_tls13
from mesh.metrics import MetricsEndpoint
from mesh.runtime import Runtime, open_runtime
from mesh.service import Build, Parts, Servicer

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Above what comes through the edge, 32 KiB with its path a second time: from the first number on, calls are refused
    # by chance, and with the library's words; it counts 32 bytes more for each header.
    ("grpc.max_metadata_size", 96 * 1024),
    ("grpc.absolute_max_metadata_size", 128 * 1024),
    # Two servers on one port would each get some of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    # Clients look for new replicas when a connection ends, a tenth sooner or later so that not all come at once; a
    # call may outlive its connection's age, and the longest is a watch of half an hour.
    ("grpc.max_connection_age_ms", 5 * 60_000),
    ("grpc.max_connection_age_grace_ms", 31 * 60_000),
)

# For the status of a call that is ended to get to its caller.
LAST_WORDS_SECONDS = 0.5


class Server:
    """The gRPC server, the HTTP application, the background tasks and the metrics of one process.

    Args:
        partial: see `handlers.bind`.

    Raises:
        ConfigurationError: a method has no policy, what is registered is not what the contracts describe, the
            certificates are no good, or the local principal would be reachable from another machine.
    """

    def __init__(self, runtime: Runtime, parts: Sequence[Parts], *, partial: bool = False) -> None:
        check_exposure(runtime.settings)
        self._runtime = runtime
        self._parts = parts
        self._background = Background()
        self._in_flight = InFlight()
        self._health = health.aio.HealthServicer()
        authority = IdentityAuthority(runtime.channels, parts[0].name if parts else runtime.channels.workload)
        self._callers = Callers(
            runtime.signer, authority, runtime.settings.local_principal, _trust_domain(runtime)
        )
        self._grpc = self._build_grpc([servicer for part in parts for servicer in part.servicers], partial)
        self._http: HttpServer | None = None
        self._metrics: MetricsEndpoint | None = None

    async def start(self) -> None:
        """Returns when calls are answered.

        Raises:
            ConfigurationError: a port is taken.
        """
        settings = self._runtime.settings
        for part in self._parts:
            await _run_as(part.name, part.start)
        listen(self._grpc, settings, self._runtime.certificates)
        self._http = self._open_http()
        if settings.metrics_port:
            registry = self._runtime.telemetry.metrics.registry
            self._metrics = bound(
                "MOOTION_METRICS_PORT", lambda: MetricsEndpoint(registry, settings.metrics_port)
            )
        await self._grpc.start()
        if self._runtime.certificates is not None:
            await require_tls13(settings, self._runtime.certificates)
        if self._http is not None:
            await self._http.start()
        for part in self._parts:
            for run in part.tasks:
                self._background.start(part.name, run)
            if part.queues or part.subscriptions:
                sampled = Backlog(self._runtime, part.queues, part.subscriptions)
                self._background.start(part.name, sampled.measure)
        if self._runtime.relay is not None:
            self._background.start("mootion", self._runtime.relay)
        await self._say_started()

    async def drain(self, hurry: asyncio.Event) -> None:
        """Says NOT_SERVING, waits until that is noticed, hands its watches over, finishes the calls in flight, then
        stops everything.

        Args:
            hurry: once it is set, nothing is waited for any more.
        """
        settings = self._runtime.settings
        await self._health.enter_graceful_shutdown()
        if self._http is not None:
            self._http.say_not_serving()
        await sleep_unless(hurry, settings.drain_notice_seconds)
        self._in_flight.hand_over()
        stopping = [asyncio.create_task(self._grpc.stop(settings.drain_grace_seconds + LAST_WORDS_SECONDS))]
        if self._http is not None:
            stopping.append(asyncio.create_task(self._http.stop()))
        await wait_unless(hurry, stopping, settings.drain_grace_seconds)
        self._in_flight.stop()
        if self._http is not None:
            self._http.hurry()
        await asyncio.wait(stopping, timeout=LAST_WORDS_SECONDS)
        await self._grpc.stop(None)
        await asyncio.gather(*stopping)
        await self._background.stop()
        for part in reversed(self._parts):
            await _run_as(part.name, part.stop)
        if self._metrics is not None:
            self._metrics.close()

    def _build_grpc(self, servicers: list[Servicer], partial: bool) -> grpc.aio.Server:
        runtime = self._runtime
        chain = interceptors(
            telemetry=runtime.telemetry,
            ids=runtime.ids,
            replies=runtime.replies,
            cache=runtime.cache,
            callers=self._callers,
            audit=runtime.audit,
            sealer=runtime.sealer,
            limits=runtime.limits,
            calls_a_minute=runtime.settings.principal_limit,
            counted=Counted(runtime.signer.key, runtime.signer.now),
            now=runtime.clock.now,
            in_flight=self._in_flight,
            admission=Admission(runtime.settings.max_calls, runtime.settings.max_streams),
            write_access=runtime.telemetry.lines.write_soon,
            log_messages=runtime.settings.log_messages,
        )
        bound = handlers.bind(servicers, chain, partial=partial)
        server = grpc.aio.server(options=_OPTIONS)
        names = [servicer.descriptor.full_name for servicer in servicers]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        for service, methods in bound.items():
            server.add_registered_method_handlers(service, methods)
        # Last, because it answers for every path that the others do not know.
        server.add_generic_rpc_handlers((handlers.UnknownMethods(runtime.ids),))
        return server

    def _open_http(self) -> HttpServer | None:
        applications = [part.http for part in self._parts if part.http is not None]
        if not applications:
            return None
        if len(applications) > 1:
            raise ConfigurationError(
                ["more than one service brings an HTTP application; there is one media port"]
            )
        settings, certificates = self._runtime.settings, self._runtime.certificates
        application = CallMiddleware(applications[0], self._runtime.ids, self._callers)
        tls = certificates.http() if certificates is not None else None
        return bound(
            "MOOTION_MEDIA_PORT",
            lambda: HttpServer(
                application, settings.bind_host, settings.media_port, settings.drain_grace_seconds, tls
            ),
        )

    async def _say_started(self) -> None:
        settings, log = self._runtime.settings, structlog.get_logger()
        for part in self._parts:
            for servicer in part.servicers:
                await self._health.set(servicer.descriptor.full_name, health_pb2.HealthCheckResponse.SERVING)
        if settings.local_principal:
            log.warning(
                "local principal in use",
                principal=LOCAL_PRINCIPAL.id,
                why="calls of this machine that name nobody are made for it; MOOTION_LOCAL_PRINCIPAL=off refuses them",
            )
        log.info("serving", services=[part.name for part in self._parts], grpc_port=settings.grpc_port)


async def serve(
    runtime: Runtime,
    parts: Sequence[Parts],
    *,
    until: asyncio.Event,
    ready: Callable[[], None] | None = None,
    hurry: asyncio.Event | None = None,
    partial: bool = False,
) -> None:
    """Serves until an event is set, then drains.

    Args:
        ready: called once, when calls are answered.
        hurry: set it to stop without waiting for calls in flight.
        partial: see `handlers.bind`.

    Raises:
        ConfigurationError: see Server; nothing has been served.
    """
    server = Server(runtime, parts, partial=partial)
    hurry = hurry or asyncio.Event()
    try:
        await server.start()
        if ready is not None:
            ready()
        await until.wait()
    finally:
        await server.drain(hurry)


def run_service(build: Build) -> None:
    """Serves one service until SIGTERM or SIGINT; a second signal stops it at once. For `services/<name>/__main__.py`.

    Ends the process with status 2 and a message where the configuration is wrong.
    """
    try:
        settings = Settings.from_environment(os.environ)
        asyncio.run(_run(settings, build, _name_of(build)))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


async def _run(settings: Settings, build: Build, name: str) -> None:
    until, hurry = asyncio.Event(), asyncio.Event()
    stop_on_signals(until, hurry)
    async with open_runtime(settings, name) as runtime:
        await serve(runtime, [build(runtime)], until=until, hurry=hurry)


def stop_on_signals(until: asyncio.Event, hurry: asyncio.Event) -> None:
    """Sets `until` at the first SIGTERM or SIGINT, and `hurry` at the second."""

    def stop() -> None:
        (hurry if until.is_set() else until).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _name_of(build: Build) -> str:
    # `python -m services.quiz` runs `__main__` of the package `services.quiz`.
    package: str = getattr(sys.modules[build.__module__], "__package__", None) or "mootion"
    return package.rpartition(".")[2]


def _trust_domain(runtime: Runtime) -> str:
    return runtime.certificates.shown().trust_domain if runtime.certificates is not None else ""


async def _run_as(workload: str, run: Callable[[], Awaitable[None]] | None) -> None:
    if run is not None:
        with context.working_as(workload):
            await run()
