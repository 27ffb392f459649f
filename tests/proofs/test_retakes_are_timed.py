"""From the end of a worker in the middle of a job to the next one who has it, and how much of that one was there."""

import math
from pathlib import Path

from proofs.faults.stub_renderer import READY, REPORTED, STARTED
from proofs.r01_workers_killed import Retake, retaken_after
from tests.integration.ports import journal


def started(folder: Path, token: int, pid: int, at: float) -> None:
    journal.append(folder / STARTED, "job", token, pid, at)


def ready(folder: Path, pid: int, at: float) -> None:
    journal.append(folder / READY, pid, at)


def test_a_job_is_retaken_when_the_next_worker_has_it(tmp_path: Path) -> None:
    ready(tmp_path, 100, 5.0)
    ready(tmp_path, 200, 6.0)
    started(tmp_path, 1, 100, 9.0)
    started(tmp_path, 2, 200, 13.0)
    journal.append(tmp_path / REPORTED, "job", 2, 200, 14.0)
    assert retaken_after([(100, 10.0), (200, 20.0)], tmp_path) == [Retake(3.0, 3.0, 1)]


def test_while_no_worker_is_there_nobody_is_late(tmp_path: Path) -> None:
    for pid, at in ((100, 5.0), (200, 6.0), (300, 15.0), (400, 15.5)):
        ready(tmp_path, pid, at)
    started(tmp_path, 1, 100, 9.0)
    started(tmp_path, 2, 300, 16.0)
    assert retaken_after([(100, 10.0), (200, 11.0), (300, 18.0)], tmp_path)[0] == Retake(6.0, 2.0, 1)


def test_a_job_that_nobody_took_again_was_never_retaken(tmp_path: Path) -> None:
    ready(tmp_path, 200, 6.0)
    started(tmp_path, 1, 100, 9.0)
    assert retaken_after([(100, 10.0)], tmp_path) == [Retake(math.inf, math.inf, 1)]


def test_a_worker_killed_before_its_first_line_cost_a_lease_as_well(tmp_path: Path) -> None:
    for pid, at in ((100, 5.0), (200, 6.0), (300, 6.0)):
        ready(tmp_path, pid, at)
    started(tmp_path, 1, 100, 9.0)
    started(tmp_path, 3, 300, 13.9)
    assert retaken_after([(100, 10.0), (200, 12.0)], tmp_path) == [Retake(13.9 - 10.0, 13.9 - 10.0, 2)]
