"""The child process: watched, limited, and gone in every case."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.integration.documents import made_files as made
from tests.stopwatch import Stopwatch, quickest_of
from workers.documents.child_process import Child, ReadingCancelled
from workers.documents.failures import DocumentFailure
from workers.documents.limits import Limits, text_limits
from workers.documents.sandbox import DocumentReader, read_document


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that never gives its first byte: a pipe that nobody writes to."""
    path = tmp_path / "endless.pdf"
    os.mkfifo(path)
    return path


@contextmanager
def later(action: Callable[[], None], seconds: float = 0.4) -> Iterator[None]:
    """Does something while the body runs."""
    timer = threading.Timer(seconds, action)
    timer.start()
    yield
    timer.join()


def always(limits: Limits, size: int) -> Limits:
    """The same limits for every size."""
    return limits


def kill_children() -> None:
    """Kills the reading children of this process, as a system short of memory does."""
    for child in psutil.Process().children():
        if child.status() != psutil.STATUS_ZOMBIE and "workers.documents" in " ".join(child.cmdline()):
            child.kill()


def test_a_child_killed_from_outside_is_too_costly_and_the_next_document_is_read(
    endless: Path, tmp_path: Path
) -> None:
    with later(kill_children), pytest.raises(DocumentFailure) as caught:
        read_document(endless, "a.pdf", "document-1")
    assert caught.value.reason == "DOCUMENT_TOO_COSTLY"
    assert read_document(made.chapter(tmp_path / "next.pdf"), "next.pdf", "document-2").passages


def test_a_child_that_hangs_is_ended_by_the_clock(endless: Path) -> None:
    def took() -> float:
        reader = DocumentReader(keep_spare=False, limits=lambda size: Limits(10, 1, 512 << 20))
        with Stopwatch() as watch, pytest.raises(DocumentFailure) as caught:
            reader.read(endless, "a.pdf", "document-1")
        assert caught.value.reason == "DOCUMENT_TOO_COSTLY"
        return watch.seconds

    assert quickest_of(took, 4) < 4


def test_processor_time_and_memory_are_limited(tmp_path: Path) -> None:
    book = made.chapter(tmp_path / "book.pdf", pages=400)
    for limits in (Limits(1, 60, 20 << 20), Limits(0, 60, 512 << 20)):
        reader = DocumentReader(keep_spare=False, limits=partial(always, limits))
        with pytest.raises(DocumentFailure) as caught:
            reader.read(book, "book.pdf", "document-1")
        assert caught.value.reason == "DOCUMENT_TOO_COSTLY"


def test_cancelling_ends_the_child_at_once(endless: Path) -> None:
    def took() -> float:
        with Stopwatch() as watch, DocumentReader() as reader, pytest.raises(ReadingCancelled):
            reader.read(endless, "a.pdf", "document-1", cancelled=lambda: watch.raw_seconds > 0.3)
        return watch.seconds

    assert quickest_of(took, 3) < 3


def test_what_the_progress_callback_raises_ends_the_reading(tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(percent: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        read_document(made.chapter(tmp_path / "a.pdf"), "a.pdf", "document-1", stop)


def test_progress_grows_and_ends_below_a_hundred(tmp_path: Path) -> None:
    seen: list[int] = []
    read_document(made.chapter(tmp_path / "a.pdf", pages=200), "a.pdf", "document-1", seen.append)
    assert seen == sorted(set(seen))
    assert seen[0] >= 0
    assert seen[-1] == 99


def test_a_waiting_child_ends_with_its_parent() -> None:
    script = (
        "from workers.documents.child_process import Child; import time\n"
        "child = Child(); print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        assert child.wait(timeout=60) is None or not child.is_running()


def test_a_child_has_its_own_session_a_clean_environment_and_no_folder_to_write_to(tmp_path: Path) -> None:
    os.environ["MOOTION_CANARY"] = "canary-7d1f"
    child = Child()
    try:
        process = psutil.Process(child.pid)
        deadline = time.monotonic() + 60
        while Path(child.folder).exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not Path(child.folder).exists()
        assert os.getsid(child.pid) == child.pid
        assert "MOOTION_CANARY" not in process.environ()
    finally:
        del os.environ["MOOTION_CANARY"]
        child.kill()


def test_a_reader_reads_many_documents_with_a_fresh_child_each(tmp_path: Path) -> None:
    path = made.chapter(tmp_path / "a.pdf")
    with DocumentReader() as reader:
        reader.warm()
        results = [reader.read(path, "a.pdf", "document-1") for _ in range(3)]
    assert results[0].passages == results[1].passages == results[2].passages


def test_a_child_killed_while_it_waited_is_replaced(tmp_path: Path) -> None:
    path = made.chapter(tmp_path / "a.pdf")
    with DocumentReader() as reader:
        reader.warm()
        kill_children()
        time.sleep(0.3)
        assert reader.read(path, "a.pdf", "document-1").passages


def test_a_file_that_is_not_there_costs_no_child(tmp_path: Path) -> None:
    with DocumentReader() as reader:
        reader.warm()
        with pytest.raises(FileNotFoundError):
            reader.read(tmp_path / "gone.pdf", "gone.pdf", "document-1")


def test_a_reader_serves_several_threads(tmp_path: Path) -> None:
    path = made.chapter(tmp_path / "a.pdf")
    with DocumentReader() as reader, ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda n: reader.read(path, "a.pdf", f"document-{n % 2}"), range(8)))
    assert found[0].passages == found[2].passages
    assert found[0].passages[0].passage_id != found[1].passages[0].passage_id


def test_limits_grow_with_the_file() -> None:
    assert text_limits(100_000) == Limits(10, 60, 512 << 20)
    assert text_limits(100 << 20).cpu_seconds == 60


def test_a_child_reaches_no_network_and_starts_no_program() -> None:
    script = (
        "import os, socket\n"
        "from workers.documents.isolation import forbid_all_but_reading\n"
        "print(forbid_all_but_reading())\n"
        "for act in (socket.socket, lambda: os.execv('/bin/true', ['true'])):\n"
        "    try: act(); print('done')\n"
        "    except PermissionError: print('refused')\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    if shown.startswith("False"):
        pytest.skip("this machine has no system call filter")
    assert shown.split() == ["True", "refused", "refused"]
