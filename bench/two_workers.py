"""Two render workers against one on the same lesson, and what the loss of one of two costs.

usage: python -m bench.two_workers [--rounds N] [--seconds N] [--resolution 480|720|1080] [--no-loss] [--json]

Each measurement is a system of its own (`mootion up` on an empty folder, so that nothing is rendered already). The
sample chapter is read, a short lesson warms the workers, then the lesson is made twice as a learner asks for it; rounds
with one worker, two, and two of which one is killed for good while it renders are interleaved. `from scenes` leaves out
the writing of the script, which no worker does. The files must be the same in all.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, Json, events, ok, upload_and_wait, wait_for_video

LEAST_RATIO = 1.7
MODULE = "workers.render"
BETWEEN_KILLS = 0.25
ALONE, BOTH, LOST = "one worker", "two workers", "one of two killed"
# A warming lesson is on another topic, so that it leaves no scene of the measured one behind.
WARMING_TOPIC = "Reflection of sound"


@dataclass(frozen=True)
class Made:
    """How long a lesson took, in seconds from the call and from the script on, and what came of it."""

    seconds: float
    from_scenes: float
    processor_seconds: float
    length: float
    scenes: int
    content_hash: str
    # Processes of the machine that wanted to run in the minute before the end: with two cores, more than about three
    # mean that what else runs is measured too.
    load: float


@contextmanager
def running(workers: int) -> Iterator[tuple[local.LocalSystem, httpx2.Client]]:
    """A system of its own with so many render workers."""
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as folder:
        system = local.start(Path(folder), render_workers=workers, document_workers=1)
        try:
            with system.client() as client:
                yield system, client
        finally:
            system.stop()


def make(kind: str, seconds: int, resolution: str) -> Made:
    """The lesson on a system of its own."""
    with running(1 if kind == ALONE else 2) as (system, client):
        document = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)
        _warm(client, document["documentId"], resolution)
        before = _processor_seconds(system)
        began = time.perf_counter()
        video_id = _create(client, document["documentId"], seconds, resolution)
        _wait(client, video_id, lambda video: video["state"] != "QUEUED")
        planned = time.perf_counter()
        if kind == LOST:
            _wait(client, video_id, lambda video: _count(video, "RENDERED") >= 1)
        with _one_killed(system) if kind == LOST else nullcontext():
            video = _wait(client, video_id, lambda video: video["state"] not in ("QUEUED", "PROCESSING"))
        ended = time.perf_counter()
        if video["state"] != "COMPLETED":
            raise RuntimeError(f"the lesson was not made: {video}")
        worked = _processor_seconds(system) - before
        hashed = video["file"]["contentHash"]
        length, scenes = video["durationSeconds"], len(video["scenes"])
    return Made(ended - began, ended - planned, worked, length, scenes, hashed, os.getloadavg()[0])


def _create(client: httpx2.Client, document_id: str, seconds: int, resolution: str, topic: str = "") -> str:
    wanted = {
        "documentId": document_id,
        "targetDuration": f"{seconds}s",
        "resolution": f"RESOLUTION_{resolution}P",
    }
    created = ok(client.post("/v1/videos", json=wanted | ({"topic": topic} if topic else {})))
    return str(created["video"]["videoId"])


def _warm(client: httpx2.Client, document_id: str, resolution: str) -> None:
    """Has every worker import what it needs. Two lessons at once keep two workers busy."""
    other = "720" if resolution == "480" else "480"
    for video_id in [_create(client, document_id, 30, other, topic) for topic in (WARMING_TOPIC, "Pitch")]:
        wait_for_video(client, video_id)


def _wait(client: httpx2.Client, video_id: str, holds: Callable[[Json], bool]) -> Json:
    """The video once it is as it should be, watched as a page watches it: asking again and again would cost the
    workers of a small machine their time."""
    for event in events(client, f"/v1/videos/{video_id}:watch"):
        if holds(event["video"]):
            video: Json = event["video"]
            return video
    raise RuntimeError("the video ended otherwise")


def _count(video: Json, state: str) -> int:
    return sum(scene["state"] == state for scene in video.get("scenes", []))


def _processor_seconds(system: local.LocalSystem) -> float:
    used = [each.cpu_times() for each in system.children(MODULE)]
    return sum(times.user + times.system for times in used)


@contextmanager
def _one_killed(system: local.LocalSystem) -> Iterator[None]:
    """Kills one worker, and each that is started in its place, until the block ends."""
    over, kept = threading.Event(), _group(system.children(MODULE)[0])

    def kill() -> None:
        while not over.wait(BETWEEN_KILLS):
            for each in system.children(MODULE):
                if _group(each) not in (kept, None):
                    each.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _group(process: psutil.Process) -> int | None:
    """What a worker and the processes it started have in common; None once it is gone."""
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def measure(kinds: Sequence[str], rounds: int, seconds: int, resolution: str) -> dict[str, list[Made]]:
    """The lessons of each kind."""
    found: dict[str, list[Made]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, lessons in found.items():
            lessons.append(make(kind, seconds, resolution))
            print(f"{kind}: {lessons[-1]}", file=sys.stderr, flush=True)
    return found


def figures(found: dict[str, list[Made]]) -> dict[str, Any]:
    """Medians of each kind, and how they compare."""
    alone, both = found[ALONE], found[BOTH]
    hashes = {each.content_hash for lessons in found.values() for each in lessons}
    return {kind: _medians(lessons) for kind, lessons in found.items()} | {
        "length": alone[0].length,
        "scenes": alone[0].scenes,
        "same_files": len(hashes) == 1,
        "ratio": _median(alone, "seconds") / _median(both, "seconds"),
        "ratio_of_each_round": [
            round(one.seconds / two.seconds, 2) for one, two in zip(alone, both, strict=True)
        ],
        "ratio_from_scenes": _median(alone, "from_scenes") / _median(both, "from_scenes"),
    }


def _medians(lessons: list[Made]) -> dict[str, Any]:
    names = ("seconds", "from_scenes", "processor_seconds")
    every: dict[str, Any] = {"every_seconds": [round(each.seconds, 2) for each in lessons]}
    every["every_load"] = [round(each.load, 1) for each in lessons]
    return {name: round(_median(lessons, name), 2) for name in names} | every


def _median(lessons: list[Made], name: str) -> float:
    values: list[float] = [getattr(each, name) for each in lessons]
    return statistics.median(values)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=75, help="length of the lesson")
    parser.add_argument("--resolution", choices=("480", "720", "1080"), default="480")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-loss", action="store_true", help="no round in which a worker is killed")
    options = parser.parse_args()
    kinds = (ALONE, BOTH) if options.no_loss else (ALONE, BOTH, LOST)
    found = figures(measure(kinds, options.rounds, options.seconds, options.resolution))
    passed = found["ratio"] >= LEAST_RATIO and found["same_files"]
    if options.json:
        print(json.dumps({"id": "two-workers", "n": options.rounds, "pass": passed, "numbers": found}))
        return
    for name, value in found.items():
        print(f"{name:<20} {value}")


if __name__ == "__main__":
    main()
