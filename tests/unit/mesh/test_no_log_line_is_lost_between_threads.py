"""Lines that several threads write at once: each is there, once."""

import io
import sys
import threading
from collections.abc import Iterator

import pytest

from mesh.logs import Lines

THREADS, LINES = 4, 20_000


@pytest.fixture
def eager_switches() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("eager_switches")
def test_every_line_is_written_once() -> None:
    stream = io.StringIO()
    lines = Lines(stream)

    def write(thread: int) -> None:
        for number in range(LINES):
            lines.write(f"{thread}:{number}\n")

    threads = [threading.Thread(target=write, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = stream.getvalue().splitlines()
    assert len(written) == len(set(written)) == THREADS * LINES
