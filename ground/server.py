"""What every server of the ground has in common: it is started, seen to answer, stopped, killed, restarted."""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from ground.kept import Kept
from ground.process import Process

_POLL_SECONDS = 0.05


class ServerError(Exception):
    """A server does not come up; the message says which and why."""


class ServerMissing(ServerError):
    """The programs of a server are not there and cannot be installed; the message says what to do."""


class Server(ABC):
    """One server of one ground. Ports, passwords and data stay in the folder, so a restart finds all of it again.

    Args:
        folder: of the ground; each server has a folder of its own in it.
        tethered: the server ends with the process that starts it, however that ends.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    start_seconds: ClassVar[float] = 60.0
    stop_seconds: ClassVar[float] = 20.0

    def __init__(self, folder: Path, *, tethered: bool = False) -> None:
        self.kept = Kept(folder)
        self.home = folder.absolute() / self.name
        self.port = self.kept.port(self.name)
        self.tethered = tethered
        self._process = Process(self.home / "process.json")

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it answers, with everything a client needs."""

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables by which Mootion uses this server."""
        return {}

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.home / "server.log"

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process.alive

    def start(self) -> float:
        """Starts it and waits until it answers; one that runs already is left as it is.

        Returns:
            Seconds that took.

        Raises:
            ServerMissing: it cannot be installed.
            ServerError: it does not answer in `start_seconds`.
        """
        started = time.monotonic()
        if not self.running:
            self.install()
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.prepare()
            self.launch()
        self._wait_until_it_answers(started + self.start_seconds)
        self.furnish()
        return time.monotonic() - started

    def stop(self) -> None:
        """Ends it in order; by force after `stop_seconds`."""
        if not self._process.end(self.stop_signal, self.stop_seconds):
            self.kill()

    def kill(self) -> None:
        """Ends it and its children by SIGKILL, as a crash of the machine would."""
        self._process.kill()

    def restart(self) -> float:
        """Stops it, if it runs, and starts it again with its data. Returns seconds the start took."""
        self.stop()
        return self.start()

    def pause(self) -> None:
        """Holds it still (SIGSTOP): connections stay open and nothing answers."""
        self._process.hold()

    def resume(self) -> None:
        """Lets a paused server go on."""
        self._process.go_on()

    def install(self) -> None:  # noqa: B027 - most servers need none
        """Makes sure that its programs are there. Raises ServerMissing."""

    def prepare(self) -> None:  # noqa: B027 - most servers need none
        """Writes configuration and first data before a start. Raises ServerError."""

    def furnish(self) -> None:  # noqa: B027 - most servers need none
        """Makes what users of the server expect once it answers, such as a bucket; nothing where it is there."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Program and arguments; runs in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Asks the server something real."""

    def environment(self) -> Mapping[str, str]:
        """Environment of its process."""
        return os.environ

    def launch(self) -> None:
        """Starts its process, without waiting for an answer."""
        death_signal = self.stop_signal if self.tethered else None
        self._process.start(
            self.command(), environment=self.environment(), log=self.log, death_signal=death_signal
        )

    def _wait_until_it_answers(self, until: float) -> None:
        while not self.answers():
            if not self.running:
                raise ServerError(
                    f"{self.name} ended while it started; its last lines:\n{self._last_lines()}"
                )
            if time.monotonic() > until:
                self.kill()
                raise ServerError(
                    f"{self.name} did not answer in {self.start_seconds:g} s; its last lines:\n{self._last_lines()}"
                )
            time.sleep(_POLL_SECONDS)

    def _last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-15:])


def run(command: Sequence[str], **options: object) -> None:
    """Runs a program of a server to its end.

    Raises:
        ServerError: it ended with another code than 0; the message has its last lines.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise ServerError(f"{Path(command[0]).name} ended with code {done.returncode}: {said}")
