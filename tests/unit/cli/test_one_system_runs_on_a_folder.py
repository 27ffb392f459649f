"""The lock of the data folder, while others ask who holds it."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli import lock


@contextmanager
def going_on(work: Callable[[], object], threads: int = 1) -> Iterator[None]:
    """Does the work again and again beside the block."""
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            work()

    running = [threading.Thread(target=go_on) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in running:
            thread.join()


def test_a_system_starts_while_others_ask_who_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "system.lock").touch()
    with monkeypatch.context() as slowly:
        asking, close = threading.Event(), os.close

        def close_late(handle: int) -> None:
            asking.set()
            time.sleep(0.1)
            close(handle)

        slowly.setattr(os, "close", close_late)
        asker = threading.Thread(target=lock.holder, args=[tmp_path])
        asker.start()
        asking.wait()
        slowly.undo()
    with lock.held(tmp_path):
        assert lock.holder(tmp_path) == os.getpid()
    asker.join()


def test_two_that_ask_at_once_do_not_take_each_other_for_the_holder(tmp_path: Path) -> None:
    # What a system that was killed leaves behind.
    (tmp_path / "system.lock").write_text("4711")
    seen: set[int | None] = set()
    with going_on(lambda: seen.add(lock.holder(tmp_path)), threads=2):
        for _ in range(5_000):
            seen.add(lock.holder(tmp_path))
    assert seen == {None}


def test_a_second_system_is_told_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "ASKED_SECONDS", 0.05)
    with lock.held(tmp_path), pytest.raises(lock.AlreadyRunning, match=str(os.getpid())), lock.held(tmp_path):
        pass


def test_nobody_is_named_once_the_system_has_ended(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lock.held(tmp_path):
        assert lock.holder(tmp_path) == os.getpid()
        raise KeyboardInterrupt
    assert lock.holder(tmp_path) is None
    assert (tmp_path / "system.lock").read_text() == ""
