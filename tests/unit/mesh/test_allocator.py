"""Freed memory is not kept apart for each thread."""

import subprocess
import sys

import pytest

from mesh import allocator

PROGRAM = """
import ctypes, sys, threading
from mesh.allocator import keep_few_arenas

if sys.argv[1] == "few":
    assert keep_few_arenas()
together = threading.Barrier(6)

def allocate():
    together.wait()
    kept = [bytes(50_000) for _ in range(20)]
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(6)]
for each in threads:
    each.start()
for each in threads:
    each.join()
ctypes.CDLL(None).malloc_stats()
"""


def arenas(how: str) -> int:
    """How many arenas the C library has made in a process with six busy threads."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return sum(line.startswith("Arena ") for line in done.stderr.splitlines())


@pytest.mark.skipif(not allocator.keep_few_arenas(), reason="the C library has no arenas to choose from")
def test_threads_share_two_arenas() -> None:
    assert arenas("usual") > 2
    assert arenas("few") <= 2
