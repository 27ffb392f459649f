"""What `mootion demo` does about the system it needs, and `mootion down` about the one that runs."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli import background, lock
from mesh.config import Settings


class Machine:
    """A machine on which a system answers once it was started."""

    def __init__(self) -> None:
        self.is_up = False

    def spawn(self, settings: Settings, idle_minutes: float) -> None:
        self.is_up = True

    def healthy(self, settings: Settings) -> bool:
        return self.is_up


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(background, "_spawn", made.spawn)
    monkeypatch.setattr(background, "healthy", made.healthy)
    monkeypatch.setattr(background, "START_SECONDS", 2.0)
    return made


@contextmanager
def running(settings: Settings) -> Iterator[threading.Event]:
    """A system that runs until the event is set."""
    ends, runs = threading.Event(), threading.Event()

    def run() -> None:
        with lock.held(settings.data_dir):
            runs.set()
            ends.wait()

    thread = threading.Thread(target=run)
    thread.start()
    runs.wait()
    try:
        yield ends
    finally:
        ends.set()
        thread.join()


def test_one_is_started_where_none_runs(tmp_path: Path, machine: Machine) -> None:
    assert background.start(Settings(data_dir=tmp_path), 1.0)


def test_one_that_runs_is_used(tmp_path: Path, machine: Machine) -> None:
    settings = Settings(data_dir=tmp_path)
    machine.is_up = True
    with running(settings):
        assert not background.start(settings, 1.0)


def test_after_one_that_is_just_stopping_another_is_started(tmp_path: Path, machine: Machine) -> None:
    settings = Settings(data_dir=tmp_path)
    with running(settings) as ends:
        threading.Timer(0.3, ends.set).start()
        assert background.start(settings, 1.0)


def test_one_that_does_not_answer_in_time_is_said_with_its_log(tmp_path: Path, machine: Machine) -> None:
    settings = Settings(data_dir=tmp_path)
    with running(settings), pytest.raises(background.NotStarted, match=r"system\.log"):
        background.start(settings, 1.0)


def test_one_that_ends_while_it_is_told_to_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    holders = iter([ended.pid, None])
    monkeypatch.setattr(lock, "holder", lambda data_dir: next(holders))
    assert background.stop(Settings(data_dir=tmp_path))
