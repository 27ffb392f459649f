"""A file system of its own for the reading child, and no network, by bubblewrap (`bwrap`) where that is installed.

The child sees the interpreter, its libraries and this program, all of them read-only, and nothing else of the machine:
no data folder, no keys, no home. Its document comes as an open file.
"""

import functools
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("workers", "mesh", "gen")
# What an interpreter needs of the system, and how many processors there are.
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/sys/devices/system/cpu")
_PROBE_SECONDS = 10.0
_PROBE_SCRIPT = "import sys; sys.path[:] = sys.argv[1:]; import json, workers.documents.limits"

_log = logging.getLogger(__name__)


def walled(command: Sequence[str]) -> list[str]:
    """The command behind a wall where one can be built, else the command as it is."""
    program = _usable()
    return list(command) if program is None else _walled(program, command)


def is_usable() -> bool:
    """Whether walls can be built here: bubblewrap is installed, and the system lets it make namespaces."""
    return _usable() is not None


@functools.cache
def _usable() -> str | None:
    program = shutil.which("bwrap")
    if program is None:
        return None
    probe = [sys.executable, "-I", "-S", "-c", _PROBE_SCRIPT, str(_ROOT), *sys.path]
    try:
        done = subprocess.run(
            _walled(program, probe), capture_output=True, timeout=_PROBE_SECONDS, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("bubblewrap does not start: %s; documents are read without it", type(error).__name__)
        return None
    if done.returncode != 0:
        _log.warning("bubblewrap cannot build a wall here; documents are read without it")
        return None
    return program


def _walled(program: str, command: Sequence[str]) -> list[str]:
    seen = [part for path in _readable() for part in ("--ro-bind-try", path, path)]
    return [
        program,
        "--unshare-all",
        "--die-with-parent",
        "--cap-drop",
        "ALL",
        *seen,
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--remount-ro",
        "/",
        "--chdir",
        "/",
        "--",
        *command,
    ]


def _readable() -> Iterator[str]:
    yield from _SYSTEM
    yield from dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix))
    yield from (path for path in sys.path if Path(path).name in ("site-packages", "dist-packages"))
    yield from (str(_ROOT / package) for package in _PACKAGES)
