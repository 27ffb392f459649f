"""What one machine does, part by part, for docs/scale.md: `python -m bench.scale [--seconds N] [--real] [--json]`.

Starts a system of its own (`mootion up`, one document worker, one render worker) and has calls made through the edge by
16 connections of another process. Beside what comes out in a second it tells what one unit costs in processor time of
each part, which hardly depends on what else the machine does and is what capacities are computed from; memory of each
process; and bytes that a document, a quiz, an attempt and a lesson leave behind. `--real` starts PostgreSQL and
RabbitMQ too and measures transactions and jobs on them.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx2
import psutil
from mootion.event.v1 import event_pb2

from bench import queues, stores
from bench.documents import wait_until_ready
from mesh.callers import LOCAL_PRINCIPAL
from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, Json, ok, upload, upload_and_wait, wait_for_video

CONNECTIONS = 16
DOCUMENTS = 20
QUIZZES = 20
EVENTS = 50
QUERIES = ("longitudinal wave", "amplitude", "what is sound", "speed of light", "echo", "frequency hertz")
PARTS = {
    "gateway.tether": None,
    "services.llm.analysis_process": "analysis",
    "workers.documents": "document worker",
    "workers.render": "render worker",
    "envoy": "edge",
    "cli up": "services",
}
READER = "reading child"

Figures = dict[str, Any]


def part_of(process: psutil.Process) -> str | None:
    """Which part of the system a process is; None for one that only starts another."""
    command = " ".join(process.cmdline())
    for word, part in PARTS.items():
        if word in command:
            return part
    return READER


class Family:
    """The processes of a system by part."""

    def __init__(self, system: local.LocalSystem) -> None:
        self._root = psutil.Process(system.process.pid)

    def _each(self) -> Iterator[tuple[str, psutil.Process]]:
        for process in [self._root, *self._root.children(recursive=True)]:
            try:
                part = part_of(process)
            except psutil.NoSuchProcess:
                continue
            if part is not None:
                yield part, process

    def processor_seconds(self) -> dict[str, float]:
        """Used so far; what ended children used is in their parents'."""
        used: dict[str, float] = {}
        for part, process in self._each():
            times = process.cpu_times()
            seconds = times.user + times.system + times.children_user + times.children_system
            used[part] = used.get(part, 0.0) + seconds
        return used

    def memory_mb(self) -> dict[str, float]:
        """Proportional set size by part: pages that several share counted once."""
        held: dict[str, float] = {}
        for part, process in self._each():
            held[part] = held.get(part, 0.0) + process.memory_full_info().pss / 1e6
        return {part: round(megabytes, 1) for part, megabytes in held.items()}

    @contextmanager
    def costing(self, units: Callable[[], float], figures: Figures) -> Iterator[None]:
        """Adds processor milliseconds of each part for one unit of what is done in the block."""
        before = self.processor_seconds()
        yield
        after = self.processor_seconds()
        spent = {part: 1000 * (used - before.get(part, 0.0)) / units() for part, used in after.items()}
        figures["processor_ms_each"] = {
            part: round(milliseconds, 3) for part, milliseconds in spent.items() if milliseconds >= 0.005
        }


def hammer(port: int, paths: Sequence[str], seconds: float) -> list[float]:
    """Seconds that each call took, of as many as so many connections make one after another."""
    took: list[float] = []

    def calls(number: int) -> None:
        connection, until = HTTPConnection("127.0.0.1", port), time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            connection.request("GET", paths[(len(took) + number) % len(paths)])
            reply = connection.getresponse()
            body = reply.read()
            if reply.status != 200:
                raise RuntimeError(f"{reply.status} {body[:300]!r}")
            took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=calls, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


class Bench:
    """Measures a running system."""

    def __init__(self, system: local.LocalSystem, client: httpx2.Client, seconds: float) -> None:
        self._system, self._client, self._seconds = system, client, seconds
        self._family = Family(system)
        self._data = Path(system.environment["MOOTION_DATA_DIR"])

    def all(self) -> Iterator[tuple[str, Figures]]:
        """Every part in turn."""
        time.sleep(3)
        yield "memory in MB when idle", dict(self._family.memory_mb())
        document = upload_and_wait(self._client, SAMPLE.read_bytes(), SAMPLE.name)
        document_id = document["documentId"]
        yield "documents", self.documents()
        yield "a concept map", self.map(document_id)
        yield "quizzes of 10 questions", self.quizzes(document_id)
        yield "attempts submitted", self.attempts(document_id)
        yield (
            "events indexed, of a document",
            self.indexing(event_pb2.Event(document_ready=event_pb2.DocumentReady(document_id=document_id))),
        )
        quiz_id = ok(self._client.get("/v1/quizzes"))["quizzes"][0]["quizId"]
        yield (
            "events indexed, of a quiz",
            self.indexing(
                event_pb2.Event(quiz_created=event_pb2.QuizCreated(quiz_id=quiz_id, document_id=document_id))
            ),
        )
        yield "GET a document", self.reading([f"/v1/documents/{document_id}"])
        yield "GET 100 passages", self.reading([f"/v1/documents/{document_id}/passages"])
        yield "search", self.reading([f"/v1/search?query={words.replace(' ', '%20')}" for words in QUERIES])
        yield "a lesson", self.lesson(document_id)
        yield "memory in MB after work", dict(self._family.memory_mb())

    def reading(self, paths: Sequence[str]) -> Figures:
        """Calls a second through the edge."""
        took: list[float] = []
        figures: Figures = {}
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(hammer, self._system.edge_port, paths, 0.5).result()
            with self._family.costing(lambda: len(took), figures):
                took += pool.submit(hammer, self._system.edge_port, paths, self._seconds).result()
        took.sort()
        return {
            "calls_a_second": round(len(took) / self._seconds),
            "p50_ms": round(1000 * statistics.median(took), 1),
            "p95_ms": round(1000 * took[int(len(took) * 0.95)], 1),
        } | figures

    def documents(self) -> Figures:
        """Copies of the sample, from the first upload until all are READY."""
        figures: Figures = {}
        with self._leaving(DOCUMENTS, figures), self._family.costing(lambda: DOCUMENTS, figures):
            began = time.perf_counter()
            for number in range(DOCUMENTS):
                ok(upload(self._client, SAMPLE.read_bytes() + b"%%%d\n" % number, f"copy-{number}.pdf"))
            wait_until_ready(self._client, DOCUMENTS + 1)
            seconds = time.perf_counter() - began
            # Searching waits until what was written is indexed.
            ok(self._client.get("/v1/search", params={"query": "sound"}))
        return {"an_hour": round(3600 * DOCUMENTS / seconds)} | figures

    def map(self, document_id: str) -> Figures:
        """A map of one document that nobody asked of before."""
        return self._each(1, lambda: self._post(f"/v1/documents/{document_id}/flowchart:generate", {}))

    def quizzes(self, document_id: str) -> Figures:
        """Quizzes with seeds of their own, so that none comes from the cache."""
        seeds = iter(range(1, QUIZZES + 1))
        body = {"documentId": document_id, "questionCount": 10}
        return self._each(
            QUIZZES, lambda: self._post("/v1/quizzes:generate", body | {"seed": str(next(seeds))})
        )

    def attempts(self, document_id: str) -> Figures:
        """Attempts at one quiz, begun and submitted."""
        quiz = self._post("/v1/quizzes:generate", {"documentId": document_id, "questionCount": 10})["quiz"]

        def attempt() -> None:
            begun = self._post(f"/v1/quizzes/{quiz['quizId']}/attempts", {})["attempt"]
            self._post(f"/v1/attempts/{begun['attemptId']}:submit", {"responses": _responses(quiz)})

        return self._each(5 * QUIZZES, attempt)

    def indexing(self, event: event_pb2.Event) -> Figures:
        """How fast the one who follows the event log brings the index up to equal events that lie there."""
        event.owner_id = LOCAL_PRINCIPAL.id
        figures: Figures = {}
        self._until_indexed()
        with self._family.costing(lambda: EVENTS, figures):
            began = time.perf_counter()
            asyncio.run(self._publish([event] * EVENTS))
            self._until_indexed()
            seconds = time.perf_counter() - began
        return {"a_second": round(EVENTS / seconds, 1)} | figures

    async def _publish(self, events: Sequence[event_pb2.Event]) -> None:
        async with stores.opened(self._data) as ports, ports.database.transaction() as tx:
            for event in events:
                tx.publish(event)

    def _until_indexed(self) -> None:
        position = "SELECT position FROM subscriptions WHERE name = 'search'"
        with closing(sqlite3.connect(self._data / "mootion.db")) as database:
            while database.execute(f"SELECT max(seq) > ({position}) FROM outbox").fetchone()[0]:
                time.sleep(0.02)

    def lesson(self, document_id: str) -> Figures:
        """The second lesson, so that nothing has to be imported; all its scenes are drawn."""
        body = {"documentId": document_id, "targetDuration": "30s", "topic": "Echo"}
        wait_for_video(self._client, self._post("/v1/videos", body)["video"]["videoId"])
        figures: Figures = {}
        made: list[Json] = []
        with (
            self._leaving(1, figures),
            self._family.costing(lambda: made[0]["durationSeconds"], figures),
        ):
            began = time.perf_counter()
            body = {"documentId": document_id, "targetDuration": "75s"}
            made.append(wait_for_video(self._client, self._post("/v1/videos", body)["video"]["videoId"]))
            seconds = time.perf_counter() - began
        length = made[0]["durationSeconds"]
        return {"length_s": round(length, 1), "made_in_s": round(seconds, 1)} | figures

    def _each(self, count: int, work: Callable[[], object]) -> Figures:
        figures: Figures = {}
        with self._leaving(count, figures), self._family.costing(lambda: count, figures):
            began = time.perf_counter()
            for _ in range(count):
                work()
            seconds = time.perf_counter() - began
        return {"seconds_each": round(seconds / count, 3)} | figures

    @contextmanager
    def _leaving(self, units: int, figures: Figures) -> Iterator[None]:
        """Adds the bytes that one unit of what is done in the block leaves behind."""
        before = self._bytes()
        yield
        time.sleep(1)
        after = self._bytes()
        left = {kind: (after[kind] - before[kind]) / units / 1000 for kind in after}
        figures["kb_each"] = {kind: round(kilobytes, 1) for kind, kilobytes in left.items()}

    def _bytes(self) -> dict[str, int]:
        """In use in the data folder: pages of the database, index, and blobs."""
        with closing(sqlite3.connect(self._data / "mootion.db")) as database:
            pages, free, size = (
                database.execute(f"PRAGMA {what}").fetchone()[0]
                for what in ("page_count", "freelist_count", "page_size")
            )
        rows = (pages - free) * size
        return {"rows": rows, "index": _below(self._data / "index"), "blobs": _below(self._data / "blobs")}

    def _post(self, path: str, body: Json) -> Json:
        return ok(self._client.post(path, json=body))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _below(folder: Path) -> int:
    return sum(_size(path) for path in folder.rglob("*") if path.is_file())


def _responses(quiz: Json) -> list[Json]:
    """An answer to every question, right by chance."""
    return [
        {"questionId": question["questionId"], "optionIds": [question["options"][0]["optionId"]]}
        if question.get("options")
        else {"questionId": question["questionId"], "text": "sound"}
        for question in quiz["questions"]
    ]


def embedded(seconds: float) -> Iterator[tuple[str, Figures]]:
    """The embedded system, part by part."""
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as folder:
        system = local.start(Path(folder), document_workers=1, render_workers=1)
        try:
            with system.client() as client:
                yield from Bench(system, client, seconds).all()
        finally:
            system.stop()


def real(scale: float) -> Iterator[tuple[str, Figures]]:
    """Jobs on each database with and without a broker, then transactions and reads on both databases."""
    with tempfile.TemporaryDirectory() as folder, queues.sides(Path(folder), real=True) as compared:
        for name, settings in compared.items():
            jobs = asyncio.run(queues.throughput(settings, int(2000 * scale), 1))
            yield f"{name}: jobs", _rounded(jobs)
        for name in ("SQLite", "PostgreSQL"):
            place = Path(folder) / f"transactions on {name}"
            place.mkdir()
            if (url := compared[name].database_url) is not None:
                (place / stores.SERVER).write_text(url)
            found = asyncio.run(stores.transactions(place, int(1600 * scale), 16))
            found |= asyncio.run(stores.reads(place, int(1600 * scale)))
            yield f"{name}: transactions", _rounded(found)


def _rounded(figures: dict[str, float]) -> Figures:
    return {name: round(value, 1) for name, value in figures.items()}


def main() -> None:
    """Prints each part as it is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of each kind of call")
    parser.add_argument("--real", action="store_true", help="PostgreSQL and RabbitMQ too")
    parser.add_argument("--scale", type=float, default=1.0, help="how many jobs and transactions")
    parser.add_argument("--json", action="store_true", help="one JSON line instead of text")
    options = parser.parse_args()
    parts: dict[str, Figures] = {}
    for source in (embedded(options.seconds), *([real(options.scale)] if options.real else [])):
        for name, figures in source:
            parts[name] = figures
            if not options.json:
                print(f"{name}: {json.dumps(figures)}", flush=True)
    if options.json:
        print(json.dumps({"id": "scale", "numbers": parts}))


if __name__ == "__main__":
    main()
