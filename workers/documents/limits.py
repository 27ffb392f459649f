"""What reading one document may cost."""

import os
import resource
import signal
from dataclasses import dataclass

_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of processor and of clock, and bytes of address space, for one child process."""

    cpu_seconds: int
    wall_seconds: int
    memory_bytes: int


def text_limits(size_bytes: int) -> Limits:
    """Reading text: 10 s of processor and one more for each 2 MB of the file, six times that by the clock,
    512 MB.
    """
    cpu = 10 + size_bytes // (2 * _MEGABYTE)
    return Limits(cpu, 6 * cpu, 512 * _MEGABYTE)


def recognition_limits(size_bytes: int, page_count: int) -> Limits:
    """Reading with character recognition: 10 s of processor more for each page, and 2 GB of address space.

    That space holds the models, which one page after the other goes through; 700 MB of it are in use.
    """
    text = text_limits(size_bytes)
    cpu = text.cpu_seconds + 10 * page_count
    return Limits(cpu, 4 * cpu, 2048 * _MEGABYTE)


def confine(limits: Limits) -> None:
    """Puts the calling process under the limits; it can write no file and leaves no core. It cannot undo
    them.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds + 5)


def leave_no_folder() -> None:
    """Removes the empty folder the process was started in, so that it has no place to write and nothing stays. Behind a
    wall there is none.
    """
    folder = os.getcwd()
    if folder != "/":
        os.rmdir(folder)
