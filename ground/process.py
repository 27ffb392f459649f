"""A server's process: found again by another process through a file with its id and the time of its start."""

import contextlib
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_KILL_SECONDS = 10.0
_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class _Started:
    pid: int
    at: float


class Process:
    """At most one running process, noted in a file. An id that another process got since is not taken for it."""

    def __init__(self, note: Path) -> None:
        self._note = note
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its id while it runs."""
        found = self._found()
        return None if found is None else found.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._found() is not None

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        death_signal: signal.Signals | None,
    ) -> None:
        """Starts a program in a session of its own, so that Ctrl-C here does not reach it.

        Args:
            command: program and arguments.
            environment: all of its variables.
            log: file that its output is added to.
            death_signal: what it gets when the starting thread ends; None lets it outlive it.
        """
        if death_signal is not None:
            command = tied(command, death_signal)
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environment),
                start_new_session=True,
            )
        started = psutil.Process(self._child.pid).create_time()
        self._note.write_text(json.dumps({"pid": self._child.pid, "started": started}))

    def end(self, number: signal.Signals, seconds: float) -> bool:
        """Signals it and waits for it to end. Returns whether it did in time."""
        found = self._found()
        if found is None:
            return True
        with contextlib.suppress(psutil.NoSuchProcess):
            found.resume()
            found.send_signal(number)
        return self._wait([found], seconds)

    def kill(self) -> None:
        """SIGKILL to it and to all processes below it; returns when they are gone."""
        found = self._found()
        if found is None:
            return
        doomed = [found]
        with contextlib.suppress(psutil.NoSuchProcess):
            doomed += found.children(recursive=True)
        for process in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._wait(doomed, _KILL_SECONDS)

    def hold(self) -> None:
        """SIGSTOP to it and to all processes below it."""
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def go_on(self) -> None:
        """SIGCONT to it and to all processes below it."""
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _family(self) -> list[psutil.Process]:
        found = self._found()
        return [] if found is None else [found, *found.children(recursive=True)]

    def _wait(self, processes: Iterable[psutil.Process], seconds: float) -> bool:
        until = time.monotonic() + seconds
        left = list(processes)
        while left := [process for process in left if _lives(process)]:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)
            self._reap()
        self._reap()
        return True

    def _reap(self) -> None:
        if self._child is not None:
            self._child.poll()

    def _found(self) -> psutil.Process | None:
        self._reap()
        noted = self._noted()
        if noted is None:
            return None
        try:
            process = psutil.Process(noted.pid)
            same = abs(process.create_time() - noted.at) < 1.0
        except psutil.NoSuchProcess:
            return None
        return process if same and _lives(process) else None

    def _noted(self) -> _Started | None:
        try:
            content = json.loads(self._note.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return _Started(content["pid"], content["started"])


def _lives(process: psutil.Process) -> bool:
    """A zombie has ended; how soon its parent takes note of it is not waited for."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def tied(command: Sequence[str], death_signal: signal.Signals) -> Sequence[str]:
    """The command, made to get a signal when the thread that starts it ends.

    By `setpriv` of util-linux, which arms the signal after a change of user (that change would clear it).
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise FileNotFoundError("setpriv is missing; it belongs to the package util-linux")
    option = f"--pdeathsig={death_signal.name.removeprefix('SIG')}"
    if Path(command[0]).name == "setpriv":
        return [command[0], option, *command[1:]]
    return [setpriv, option, *command]
