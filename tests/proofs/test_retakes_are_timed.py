"""From the end of whoever had a job last, seen or not, to the next who says so."""

from pathlib import Path

from proofs.r01_workers_killed import retaken_after
from proofs.stub_renderer import REPORTED, STARTED
from tests.integration.ports import journal


def started(folder: Path, token: int, pid: int, at: float) -> None:
    journal.append(folder / STARTED, "job", token, pid, at)


def test_a_job_is_retaken_when_the_next_worker_has_it(tmp_path: Path) -> None:
    started(tmp_path, 1, 100, 9.0)
    started(tmp_path, 2, 200, 13.0)
    journal.append(tmp_path / REPORTED, "job", 2, 200, 14.0)
    assert retaken_after([(100, 10.0), (200, 20.0)], tmp_path) == [3.0]


def test_a_worker_killed_before_it_could_say_so_had_the_job_too(tmp_path: Path) -> None:
    started(tmp_path, 1, 100, 9.0)
    started(tmp_path, 3, 300, 16.0)
    assert retaken_after([(100, 10.0), (200, 14.0), (400, 17.0)], tmp_path) == [2.0]


def test_a_job_that_nobody_took_again_was_never_retaken(tmp_path: Path) -> None:
    started(tmp_path, 1, 100, 9.0)
    assert retaken_after([(100, 10.0)], tmp_path) == [float("inf")]
