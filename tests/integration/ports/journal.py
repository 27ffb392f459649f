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


async def line_of(path: Path, key: str) -> list[str]:
    """Waits for a line that begins with a word; gives its words."""
    async with asyncio.timeout(60):
        while not (found := [line for line in lines(path) if line[0] == key]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return found[0]


async def wait_for_line(path: Path, count: int = 1) -> None:
    """Waits until there is one, or as many as that."""
    async with asyncio.timeout(60):
        while len(lines(path)) < count:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
