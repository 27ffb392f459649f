"""A system that runs in the background: started, waited for, stopped."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

from cli import lock
from gateway import front
from mesh.config import Settings

START_SECONDS = 60.0
STOP_SECONDS = 30.0


class NotStarted(Exception):
    """The background system did not come up; the message says where its log is."""


def edge_url(settings: Settings) -> str:
    """Where the edge of the system answers."""
    return front.url(settings)


def healthy(settings: Settings) -> bool:
    """Whether the edge and the services behind it answer."""
    try:
        url, context = f"{edge_url(settings)}/healthz", front.context(settings)
        with urllib.request.urlopen(url, timeout=2, context=context) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def start(settings: Settings, idle_minutes: float) -> bool:
    """Makes sure that a system runs on the data folder, after one that is just stopping has ended. Returns whether it
    had to be started.

    Raises:
        NotStarted: it ended, or did not answer within a minute.
    """
    started = False
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if not started and lock.holder(settings.data_dir) is None:
            _spawn(settings, idle_minutes)
            started = True
        if healthy(settings):
            return started
        time.sleep(0.1)
    raise NotStarted(f"Mootion did not start within {START_SECONDS:.0f} s; see {_log(settings)}.")


def _log(settings: Settings) -> str:
    return str(settings.log_dir / "system.log")


def _spawn(settings: Settings, idle_minutes: float) -> None:
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cli", "up", "--idle-minutes", str(idle_minutes)]
    with open(_log(settings), "ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    give_up = time.monotonic() + START_SECONDS
    while lock.holder(settings.data_dir) is None and time.monotonic() < give_up:
        if process.poll() is not None:
            raise NotStarted(f"Mootion ended at its start: {_last_line(settings)}")
        time.sleep(0.05)


def _last_line(settings: Settings) -> str:
    with open(_log(settings), errors="replace") as log:
        lines = [line.strip() for line in log if line.strip()]
    return f"{lines[-1] if lines else 'it wrote nothing'} (log: {_log(settings)})"


def stop(settings: Settings) -> bool:
    """Stops the system of the data folder and waits for its end. Returns whether there was one."""
    pid = lock.holder(settings.data_dir)
    if pid is None:
        return False
    # One that was stopping by itself may have ended by now.
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    give_up = time.monotonic() + STOP_SECONDS
    while lock.holder(settings.data_dir) is not None and time.monotonic() < give_up:
        time.sleep(0.05)
    return True
