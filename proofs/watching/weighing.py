"""How much memory a system takes while something is done to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_LOOK_SECONDS = 0.01


@dataclass
class Weight:
    """Resident bytes of all processes: before, and the most that was seen since."""

    before: int
    most: int

    @property
    def grown(self) -> int:
        """Bytes that came on top."""
        return max(0, self.most - self.before)


@contextmanager
def weighed(pid: int) -> Iterator[Weight]:
    """Watches a process and all that it started, while the block lasts."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    weight = Weight(_resident(family), 0)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_SECONDS):
            weight.most = max(weight.most, _resident(family))

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield weight
    finally:
        weight.most = max(weight.most, _resident(family))
        over.set()
        watching.join()


def _resident(family: list[psutil.Process]) -> int:
    total = 0
    for process in family:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
