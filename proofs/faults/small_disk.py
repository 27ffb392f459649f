"""A file system of a few megabytes in memory, whose size may change while it is in use."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from proofs.numbers import CannotRun

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class SmallDisk:
    """Mounted at a folder."""

    folder: Path

    @property
    def used(self) -> int:
        """Bytes of what lies on it."""
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def resize(self, size: int) -> None:
        """Gives it so many bytes, no fewer than are used."""
        subprocess.run(["mount", "-o", f"remount,size={max(size, self.used)}", str(self.folder)], check=True)


@contextmanager
def small_disk(folder: Path, mebibytes: int, *, owner: int = 0) -> Iterator[SmallDisk]:
    """Mounts one at a folder, which is made where it is not there, for the block.

    Args:
        folder: what is in it is covered meanwhile.
        mebibytes: its first size.
        owner: the user and group that may write to it, besides root.

    Raises:
        CannotRun: mounting is not allowed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={mebibytes}m,uid={owner},gid={owner},mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        raise CannotRun(f"mounting a small disk needs root: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
