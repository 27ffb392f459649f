"""Servers that come from Debian packages."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from ground.server import ServerMissing

_ROOT = Path(__file__).resolve().parents[1]
_SETUP = _ROOT / "scripts" / "setup.sh"


def require(program: str) -> str:
    """Path of a server's program; as root its package is installed where it is missing.

    Raises:
        ServerMissing: it is missing and cannot be installed; the message says what to do.
    """
    found = _found(program)
    if found is None and os.geteuid() == 0:
        _install()
        found = _found(program)
    if found is None:
        raise ServerMissing(f"{program} is missing. Install it as root:  sh scripts/setup.sh servers")
    return found


def _found(program: str) -> str | None:
    # /usr/sbin is often missing from the PATH of users who are not root.
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _install() -> None:
    with _SETUP.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["sh", str(_SETUP), "servers"], cwd=_ROOT, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise ServerMissing(f"installing servers failed: {done.stderr.strip()[-2000:]}")
