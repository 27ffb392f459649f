"""What the children of a process cost: processor time and memory, sampled while they live."""

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import psutil

EVERY_SECONDS = 0.02
MEBIBYTE = 1 << 20


@dataclass
class Child:
    """The most that one child was seen to use."""

    cpu_seconds: float = 0.0
    rss_mib: float = 0.0


@dataclass
class WatchedChildren:
    """Samples in a thread for as long as the block lasts.

    Args:
        parents: whose children, at any depth.
    """

    parents: list[psutil.Process]
    seen: dict[int, Child] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def most(self) -> Child:
        """The largest figures of any child."""
        children = self.seen.values()
        return Child(
            max((each.cpu_seconds for each in children), default=0.0),
            max((each.rss_mib for each in children), default=0.0),
        )

    def _watch(self) -> None:
        while not self._ended.is_set():
            for parent in self.parents:
                for process in _children(parent):
                    self._sample(process)
            time.sleep(EVERY_SECONDS)

    def _sample(self, process: psutil.Process) -> None:
        try:
            with process.oneshot():
                times, memory = process.cpu_times(), process.memory_info()
        except psutil.Error:
            return
        found = self.seen.setdefault(process.pid, Child())
        found.cpu_seconds = max(found.cpu_seconds, times.user + times.system)
        found.rss_mib = max(found.rss_mib, memory.rss / MEBIBYTE)


def _children(parent: psutil.Process) -> list[psutil.Process]:
    try:
        return parent.children(recursive=True)
    except psutil.Error:
        return []
