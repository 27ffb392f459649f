"""One system a data folder: whoever runs it holds a lock and leaves its process id."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Whoever asks for the holder has the lock for a moment; one who runs the system keeps it for longer than this.
ASKED_SECONDS = 1.0
LOOK_SECONDS = 0.005


class AlreadyRunning(Exception):
    """Another process runs the system on this data folder."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        super().__init__(f"Mootion runs on {data_dir} already (process {pid}). Stop it with `mootion down`.")


def _file(data_dir: Path) -> Path:
    return data_dir / "system.lock"


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Holds the lock while the block lasts.

    Raises:
        AlreadyRunning: another process holds it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(_file(data_dir), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(handle):
            raise AlreadyRunning(data_dir, holder(data_dir))
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    give_up = time.monotonic() + ASKED_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > give_up:
                return False
            time.sleep(LOOK_SECONDS)


def holder(data_dir: Path) -> int | None:
    """Process id of whoever runs the system on this data folder, or None when nobody does."""
    try:
        handle = os.open(_file(data_dir), os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        # Shared: several who ask at once do not take one another for the holder.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        text = os.read(handle, 20).decode()
        return int(text) if text.isdigit() else None
    finally:
        os.close(handle)
