"""A file that outlives the process that writes it, line by line."""

import asyncio
import os
from pathlib import Path


def append(path: Path, *words: object) -> None:
    """Adds a line; it is there once this returns, even if the process is killed then."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
    os.close(descriptor)


def lines(path: Path) -> list[list[str]]:
    """The words of each line; none when there is no file."""
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


async def wait_for_line(path: Path) -> None:
    """Waits until there is one."""
    async with asyncio.timeout(10):
        while not lines(path):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
