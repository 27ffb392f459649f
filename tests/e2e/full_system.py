"""A Mootion of separate processes for tests: one or more for each service, workers, and the edge before them all."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx2
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mesh.testing import free_port
from tests.e2e import certificates
from tests.e2e.told import remembering

SERVICES = Path(__file__).parents[2] / "services"
START_SECONDS = 240.0
STOP_SECONDS = 120.0
# Clients and the edge try a replica that was gone again once a second; the rest is for a busy machine.
NOTICED_SECONDS = 5.0
WORKERS = ("documents", "render", "render")
Environment = Mapping[str, str]


@dataclass
class Process:
    """One process of the system; `arguments` are those of the command `mootion`."""

    name: str
    arguments: Sequence[str]
    environment: Environment
    log: Path
    running: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "cli", *self.arguments]
            self.running = subprocess.Popen(
                command, env=dict(self.environment), stdout=log, stderr=log, start_new_session=True
            )

    def is_running(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def ask_to_stop(self) -> None:
        if self.running is not None and self.is_running():
            self.running.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        return 0 if self.running is None else self.running.wait(STOP_SECONDS)

    def is_serving(self) -> bool:
        """Whether a service says that it serves."""
        with certificates.service_channel(self.environment, self.arguments[-1]) as channel:
            try:
                stub: Any = health_pb2_grpc.HealthStub(channel)
                reply = stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
            except grpc.RpcError:
                return False
            return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


@dataclass
class FullSystem:
    """A running system; `url` is its edge. `services` are the replicas of each service."""

    environment: Environment
    folder: Path
    services: Mapping[str, Sequence[Process]]
    workers: Sequence[Process]
    edge: Process
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = certificates.edge_url(self.environment)

    @property
    def edge_port(self) -> int:
        return int(self.environment["MOOTION_EDGE_PORT"])

    def client(self) -> httpx2.Client:
        """An HTTP client of the edge."""
        return remembering(certificates.edge_client(self.environment, 120), self)

    def processes(self) -> Iterator[Process]:
        """All of them, the edge last."""
        for replicas in self.services.values():
            yield from replicas
        yield from self.workers
        yield self.edge

    def children(self, module: str) -> list[psutil.Process]:
        """Processes by their module, such as `workers.render`, with those that they started."""
        family = [each for process in self.processes() for each in _family(process)]
        return [each for each in family if module in " ".join(_command(each))]

    def kill_everything(self) -> None:
        """Ends all processes of the system at once, as a power cut would."""
        family = [each for process in self.processes() for each in _family(process)]
        for each in family:
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
        for process in self.processes():
            process.wait()
        psutil.wait_procs(family, timeout=60)

    def stop(self) -> int:
        """Stops the edge, then all else that still runs, and returns the first exit status that is not 0."""
        rest = [process for process in self.processes() if process.is_running() and process is not self.edge]
        self.edge.ask_to_stop()
        codes = [self.edge.wait()]
        for process in rest:
            process.ask_to_stop()
        codes += [process.wait() for process in rest]
        return next((code for code in codes if code), 0)

    def again(self) -> None:
        """Starts the same processes where they were before, on the same data."""
        for process in self.processes():
            process.start()
        self.wait_until_healthy()

    def restart_one_by_one(self, service: str) -> None:
        """Stops and starts the replicas of a service in turn; each serves before the next one stops."""
        for replica in self.services[service]:
            replica.ask_to_stop()
            assert replica.wait() == 0, self.log()[-4000:]
            replica.start()
            self._wait_for(replica.is_serving)
            time.sleep(NOTICED_SECONDS)

    def wait_until_healthy(self, path: str = "/healthz") -> None:
        """Returns when the edge answers a path with 200."""

        with certificates.edge_client(self.environment, 10) as client:

            def answers() -> bool:
                try:
                    return client.get(path).status_code == 200
                except httpx2.TransportError:
                    return False

            self._wait_for(answers)

    def _wait_for(self, holds: Callable[[], bool]) -> None:
        give_up = time.monotonic() + START_SECONDS
        while not holds():
            ended = [
                process.name for process in self.processes() if process.running and process.running.poll()
            ]
            if ended or time.monotonic() > give_up:
                log = self.log()[-4000:]
                self.kill_everything()
                raise RuntimeError(f"ended by themselves: {ended}\n{log}")
            time.sleep(0.05)

    def log(self) -> str:
        """Everything it logged."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("**/*.log")))


def _family(process: Process) -> list[psutil.Process]:
    if process.running is None:
        return []
    try:
        parent = psutil.Process(process.running.pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _every_service() -> list[str]:
    """By their folders: other tests of this process may have made the contract of a toy known."""
    return sorted(path.parent.name for path in SERVICES.glob("*/__main__.py"))


def prepared(
    folder: Path,
    *,
    services: Sequence[str] | None = None,
    replicas: Mapping[str, int] | None = None,
    workers: Sequence[str] = WORKERS,
    engines: Environment | None = None,
    **settings: object,
) -> FullSystem:
    """A system that is not started yet.

    Args:
        services: which to run; all by default.
        replicas: how many processes of a service, 1 where nothing is said. The embedded index has one writer, so that
            search has one unless `engines` names another index.
        engines: URLs of real servers, such as `{"DATABASE_URL": ...}`; what is not named is embedded, in `folder`.
        settings: further `MOOTION_*` variables, in lower case, such as `tls_dir`, a folder of certificates.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = list(services or _every_service())
    ports = {
        name: [(free_port(), free_port()) for _ in range((replicas or {}).get(name, 1))] for name in names
    }
    shared = _environment(folder, ports, engines or {}, settings)
    running = {
        name: [
            _service(name, number, pair, shared, folder) for number, pair in enumerate(ports[name], start=1)
        ]
        for name in names
    }
    working = [
        Process(f"{kind}-worker-{number}", ("worker", kind), shared, folder / f"{kind}-worker-{number}.log")
        for number, kind in enumerate(workers, start=1)
    ]
    return FullSystem(
        shared, folder, running, working, Process("edge", ("edge",), shared, folder / "edge-process.log")
    )


def _environment(
    folder: Path,
    ports: Mapping[str, Sequence[tuple[int, int]]],
    engines: Environment,
    settings: Mapping[str, object],
) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOOTION_", "OPENAI_"))}
    addresses = {
        f"MOOTION_{name.upper()}_ADDRESS": ",".join(f"127.0.0.1:{port}" for port, _ in pairs)
        for name, pairs in ports.items()
    }
    if "video" in ports:
        addresses["MOOTION_MEDIA_ADDRESS"] = ",".join(f"127.0.0.1:{port}" for _, port in ports["video"])
    return {
        **kept,
        **{f"MOOTION_{port}_PORT": str(free_port()) for port in ("EDGE", "EDGE_ADMIN", "GRPC", "MEDIA")},
        "MOOTION_METRICS_PORT": "0",
        "MOOTION_DATA_DIR": str(folder / "data"),
        **addresses,
        **engines,
        **{f"MOOTION_{name.upper()}": str(value) for name, value in settings.items()},
    }


def _service(name: str, number: int, ports: tuple[int, int], shared: Environment, folder: Path) -> Process:
    environment = {**shared, "MOOTION_GRPC_PORT": str(ports[0]), "MOOTION_MEDIA_PORT": str(ports[1])}
    return Process(f"{name}-{number}", ("serve", name), environment, folder / f"{name}-{number}.log")


@contextmanager
def running(system: FullSystem, healthy: str = "/healthz") -> Iterator[FullSystem]:
    """Starts a prepared system, and ends it with the block, however that ends."""
    system.folder.joinpath("data").mkdir(parents=True, exist_ok=True)
    try:
        for process in system.processes():
            process.start()
        system.wait_until_healthy(healthy)
        yield system
    finally:
        system.kill_everything()
