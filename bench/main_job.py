"""The main job against its limits, on a system of its own: `python -m bench.main_job [PDF] [--json]`.

Takes a chapter (by default the sample, or the 32-page chapter that a folder of real chapters beside the project has)
through upload, map, quiz, search, answer and video, and prints each figure beside its limit.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, ok, upload_and_wait, wait_for_video

QUERIES = (
    "wave",
    "blood cells",
    "what is energy",
    "definition",
    "water molecule",
    "mean and median",
    "the structure of",
)
ROUNDS = 20


def seconds_of(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long a call takes, and its result."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def memory_mb(process: psutil.Process) -> float:
    """Resident memory of a process and everything below it in MB, pages that several share counted once (PSS)."""
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_full_info().pss for each in family) / 1e6


def resident_mb(process: psutil.Process) -> float:
    """Resident memory of a process and everything below it in MB, shared pages counted for each (RSS)."""
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in family) / 1e6


def measure(file: Path) -> list[tuple[str, float, str, float]]:
    """Name, figure, unit and limit of each measurement."""
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as folder:
        started, system = seconds_of(lambda: local.start(Path(folder)))
        try:
            with system.client() as client:
                first, _ = seconds_of(lambda: ok(client.get("/v1/documents")))
                rows = [("first answered call after `mootion up`", started + first, "s", 5.0)]
                time.sleep(3)
                process = psutil.Process(system.process.pid)
                rows.append(("idle memory, resident, all processes", resident_mb(process), "MB", 700.0))
                rows.append(("idle memory, shared pages once", memory_mb(process), "MB", 700.0))
                return rows + _journey(client, file)
        finally:
            system.stop()


def _journey(client: httpx2.Client, file: Path) -> list[tuple[str, float, str, float]]:
    ready, document = seconds_of(lambda: upload_and_wait(client, file.read_bytes(), file.name))
    path = f"/v1/documents/{document['documentId']}/flowchart"
    mapped, chart = seconds_of(lambda: ok(client.post(f"{path}:generate", json={}))["flowchart"])
    stored = [seconds_of(lambda: ok(client.get(path)))[0] for _ in range(ROUNDS)]
    body = {"documentId": document["documentId"], "questionCount": 10}
    asked, quiz = seconds_of(lambda: ok(client.post("/v1/quizzes:generate", json=body))["quiz"])
    searches = sorted(
        seconds_of(lambda query=query: ok(client.get("/v1/search", params={"query": query})))[0]  # type: ignore[misc]
        for query in QUERIES
        for _ in range(ROUNDS)
    )
    question = {"question": f"What is {chart['nodes'][0]['name']}?", "documentIds": [document["documentId"]]}
    answered, _ = seconds_of(lambda: ok(client.post("/v1/answers:ask", json=question)))
    created = {"documentId": document["documentId"], "targetDuration": "75s"}
    rendered, video = seconds_of(
        lambda: wait_for_video(client, ok(client.post("/v1/videos", json=created))["video"]["videoId"])
    )
    return [
        (f"READY, {document['pageCount']} pages", ready, "s", 10.0),
        (f"concept map, {len(chart['nodes'])} nodes", mapped, "s", 5.0),
        ("stored map at the edge, median", statistics.median(stored) * 1000, "ms", 100.0),
        (f"{len(quiz['questions'])} questions", asked, "s", 5.0),
        ("search at the edge, p95", searches[int(len(searches) * 0.95)] * 1000, "ms", 100.0),
        ("cited answer", answered, "s", 5.0),
        (f"lesson of {video['durationSeconds']:.0f} s at 480p", rendered, "s", video["durationSeconds"]),
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = measure(options.file)
    if options.json:
        print(json.dumps([dict(zip(("name", "figure", "unit", "limit"), row, strict=True)) for row in rows]))
        return
    for name, figure, unit, limit in rows:
        print(
            f"{name:<44} {figure:>9.2f} {unit:<3} limit {limit:>7.1f}  {'ok' if figure <= limit else 'OVER'}"
        )


if __name__ == "__main__":
    main()
