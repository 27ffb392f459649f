"""A worker's folder: its own while it lives, removed by the next worker when it was killed."""

import fcntl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.workspace import workspace

HOLD = """
import sys
from pathlib import Path
from workers.workspace import workspace
with workspace(Path(sys.argv[1])) as folder:
    (folder / "half.mp4").write_bytes(b"half")
    print(folder.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process with a folder of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()


def name_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_folder_is_empty_and_ends_with_its_block(tmp_path: Path) -> None:
    with workspace(tmp_path / "work") as folder:
        assert list(folder.iterdir()) == []
        (folder / "part.mp4").write_bytes(b"x")
    assert list((tmp_path / "work").iterdir()) == []


def test_the_folder_of_a_living_process_stays(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    name = name_of(other)
    with workspace(tmp_path):
        assert (tmp_path / name / "half.mp4").exists()


def test_the_folder_of_a_killed_process_is_removed_by_the_next(
    tmp_path: Path, other: "subprocess.Popen[str]"
) -> None:
    name = name_of(other)
    other.kill()
    other.wait()
    assert (tmp_path / name / "half.mp4").exists()
    with workspace(tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]


def test_what_is_no_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("keep")
    with workspace(tmp_path):
        pass
    assert (tmp_path / "notes.txt").read_text() == "keep"


def test_workers_that_start_at_once_never_remove_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[Path] = []
    start, lock = threading.Barrier(6), fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        if not operation & fcntl.LOCK_NB:
            time.sleep(0.02)  # long enough for another to look at a folder that is made and not yet locked
        lock(descriptor, operation)

    def live() -> None:
        start.wait()
        for _ in range(3):
            with workspace(tmp_path) as folder:
                if not folder.exists():
                    lost.append(folder)

    monkeypatch.setattr(fcntl, "flock", late)
    threads = [threading.Thread(target=live) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
