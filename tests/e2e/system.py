"""A whole Mootion of its own for tests: `mootion up` on free ports with an empty data folder, and its real workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

from mesh.testing import free_port
from tests.e2e import certificates
from tests.e2e.told import remembering

START_SECONDS = 150.0


@dataclass
class LocalSystem:
    """A running system; `url` is its edge."""

    environment: Mapping[str, str]
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return certificates.edge_url(self.environment)

    @property
    def edge_port(self) -> int:
        return int(self.environment["MOOTION_EDGE_PORT"])

    def client(self) -> httpx2.Client:
        """An HTTP client of the edge."""
        return remembering(certificates.edge_client(self.environment, 120), self)

    def children(self, module: str) -> list[psutil.Process]:
        """Worker processes by their module, such as `workers.render`."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in family if module in " ".join(_command(child))]

    def kill_everything(self) -> None:
        """Ends all processes of the system at once, as a power cut would."""
        family = [psutil.Process(self.process.pid)]
        family += family[0].children(recursive=True)
        for each in family:
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
        self.process.wait()
        psutil.wait_procs(family, timeout=60)

    def again(self) -> None:
        """Starts it where it was before, on the same data."""
        self.process = start_again(self.environment, self.folder).process

    def stop(self) -> int:
        """Stops it as Ctrl-C does and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=120)

    def log(self) -> str:
        """Everything it logged, workers included."""
        return "\n".join(path.read_text(errors="replace") for path in self.folder.glob("**/*.log"))


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def start(folder: Path, **settings: Any) -> LocalSystem:
    """Starts a system whose data is in `folder`; returns when it answers."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = ("EDGE", "GRPC", "MEDIA", "METRICS", "EDGE_ADMIN")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MOOTION_", "OPENAI_"))},
        **{f"MOOTION_{port}_PORT": str(free_port()) for port in ports},
        "MOOTION_DATA_DIR": str(folder / "data"),
        **{f"MOOTION_{name.upper()}": str(value) for name, value in settings.items()},
    }
    return start_again(environment, folder)


def start_again(environment: Mapping[str, str], folder: Path) -> LocalSystem:
    """Starts a system where one was before, on the same data."""
    with (folder / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "up"], env=dict(environment), stdout=log, stderr=log
        )
    system = LocalSystem(environment, folder, process)
    give_up = time.monotonic() + START_SECONDS
    with certificates.edge_client(environment, 10) as client:
        while time.monotonic() < give_up:
            if process.poll() is not None:
                raise RuntimeError(f"the system ended at its start:\n{system.log()[-4000:]}")
            try:
                if client.get("/healthz").status_code == 200:
                    return system
            except httpx2.TransportError:
                time.sleep(0.05)
    system.kill_everything()
    raise RuntimeError(f"the system did not answer within {START_SECONDS} s:\n{system.log()[-4000:]}")
