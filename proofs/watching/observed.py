"""How the processes of a running system are: memory, descriptors, threads, asyncio tasks."""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

OBSERVING = Path(__file__).with_name("observing")
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Counts:
    """One process. `tasks` are those of its event loop."""

    rss_mib: float
    descriptors: int
    threads: int
    tasks: int
    objects: int

    def numbers(self) -> dict[str, float]:
        """All of them by name."""
        return asdict(self)


def variables(folder: Path) -> dict[str, str]:
    """The environment of processes that are to be observed; they write into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(OBSERVING), os.environ.get("PYTHONPATH", "")]))
    return {"PYTHONPATH": path, "PROOFS_OBSERVED": str(folder)}


def observe(process: psutil.Process, folder: Path, *, is_python: bool = True) -> Counts:
    """Asks a process. One that is not Python tells no tasks and objects.

    Raises:
        RuntimeError: it did not tell within a minute.
    """
    told = _ask(process.pid, folder) if is_python else {"tasks": 0, "objects": 0}
    return Counts(
        rss_mib=round(process.memory_info().rss / MEBIBYTE, 1),
        descriptors=process.num_fds(),
        threads=process.num_threads(),
        tasks=told["tasks"],
        objects=told["objects"],
    )


def _ask(pid: int, folder: Path) -> dict[str, int]:
    path = folder / str(pid)
    path.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    give_up = time.monotonic() + 60
    while not path.exists():
        if time.monotonic() > give_up:
            raise RuntimeError(f"process {pid} did not tell its counts")
        time.sleep(0.02)
    counts: dict[str, int] = json.loads(path.read_text())
    return counts
