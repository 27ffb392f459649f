"""A folder for a worker's temporary files. What a killed worker left behind is removed by the next one that starts."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def workspace(root: Path) -> Iterator[Path]:
    """A new empty folder below `root`, removed when the block ends.

    The folder is locked while its owner lives, so that another worker can tell a folder in use from one left behind.
    Folders are made and judged in turn: none is judged between its making and its locking.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _opened(root) as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _remove_abandoned(root)
        folder = root / uuid.uuid4().hex
        folder.mkdir()
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _remove_abandoned(root: Path) -> None:
    for folder in root.iterdir():
        try:
            with _opened(folder) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except (BlockingIOError, FileNotFoundError, NotADirectoryError):
            continue


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
