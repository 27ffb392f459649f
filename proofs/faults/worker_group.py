"""Worker processes that a proof kills, each with everything it started."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import psutil


class Process(Protocol):
    """What a `multiprocessing` process and a `Popen` have in common here."""

    @property
    def pid(self) -> int | None: ...


@dataclass
class WorkerGroup:
    """A number of workers, kept at that number by whoever kills them.

    Args:
        start: starts one, as the leader of a process group.
        wait: waits for the end of one.
    """

    start: Callable[[], Process]
    wait: Callable[[Process], object]
    workers: list[Process] = field(default_factory=list)
    killed: list[tuple[int, float]] = field(default_factory=list)

    def grow(self, count: int) -> None:
        """Starts more."""
        self.workers += [self.start() for _ in range(count)]

    def kill(self, number: int) -> None:
        """SIGKILL for the whole process group of one worker, and starts another in its place."""
        worker = self.workers[number]
        self._signal(worker, signal.SIGKILL)
        self.killed.append((worker.pid or 0, time.time()))
        self.wait(worker)
        self.workers[number] = self.start()

    def pause(self, number: int) -> int:
        """SIGSTOP for the whole process group of one worker; gives its process id."""
        self._signal(self.workers[number], signal.SIGSTOP)
        return self.workers[number].pid or 0

    def go_on(self, number: int) -> None:
        """SIGCONT."""
        self._signal(self.workers[number], signal.SIGCONT)

    def replace_dead(self) -> int:
        """Starts another for each that has ended by itself; tells how many."""
        dead = [number for number, worker in enumerate(self.workers) if not _lives(worker)]
        for number in dead:
            self.wait(self.workers[number])
            self.workers[number] = self.start()
        return len(dead)

    def stop(self) -> None:
        """Asks all to end, and waits for them."""
        for worker in self.workers:
            self._signal(worker, signal.SIGTERM)
        for worker in self.workers:
            self.wait(worker)
        self.workers.clear()

    def _signal(self, worker: Process, number: signal.Signals) -> None:
        assert worker.pid is not None
        try:
            os.killpg(worker.pid, number)
        except ProcessLookupError:
            os.kill(worker.pid, number)


def _lives(worker: Process) -> bool:
    try:
        return psutil.Process(worker.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
