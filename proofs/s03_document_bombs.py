"""Documents made to exhaust or mislead a reader end within 10 s of processor and 512 MB, and nobody else notices."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx2
import psutil
from mootion.errors.v1 import reason_pb2

from proofs import systems
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from proofs.watching.watched_children import WatchedChildren
from tests.e2e.calls import SAMPLE, Json, ok, upload
from tests.e2e.system import LocalSystem
from tests.integration.documents.made_bombs import DOCX_BOMBS, PDF_BOMBS
from tests.stopwatch import Stopwatch
from workers.documents.limits import text_limits

MEBIBYTE = 1 << 20
# A child is ended by the kernel at its limit, which is looked at once in a while.
CPU_SLACK_SECONDS = 1.5
MOST_MIB = 512.0
PARENT_GROWTH_MIB = 200.0
ENDED_SECONDS = 150.0
BESIDE_EVERY_SECONDS = 0.2
# What others ask for takes milliseconds; a machine with two cores that is busy with a bomb takes longer.
SLOWEST_BESIDE_SECONDS = 2.0
REASONS = {name.removeprefix("REASON_") for name in reason_pb2.Reason.DESCRIPTOR.values_by_name}
LEAKS = ("root:", "Traceback", "/tmp/", ".py")


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Uploads them one after the other to a running system, with a good document read at the same time."""
    numbers = Numbers(0)
    start = partial(systems.start, ground, render_workers=0, document_workers=2)
    system = await asyncio.to_thread(start)
    try:
        await asyncio.to_thread(_bombard, numbers, system, ground.folder, size)
    finally:
        await asyncio.to_thread(system.stop)
    return numbers


def _bombard(numbers: Numbers, system: LocalSystem, folder: Path, size: Size) -> None:
    # All made before, since making them costs this process more than reading them costs the system.
    bombs = _made(folder, size)
    numbers.check(len([*PDF_BOMBS, *DOCX_BOMBS]) >= 30, "there are too few bombs")
    parents = [process for process in system.children("workers.documents") if _is_worker(process)]
    before = {process.pid: _rss_mib(process) for process in parents}
    ended: dict[str, int] = {}
    slowest_cpu, most_mib = 0.0, 0.0
    with system.client() as client, _beside(system) as beside:
        for path in bombs:
            with WatchedChildren(parents) as children:
                document = _ended(client, path, path.stem)
            numbers.n += 1
            told = document["failure"]["reason"] if document["state"] == "FAILED" else document["state"]
            ended[told] = ended.get(told, 0) + 1
            _judge(numbers, path, document, children)
            slowest_cpu = max(slowest_cpu, children.most.cpu_seconds)
            most_mib = max(most_mib, children.most.rss_mib)
    numbers.measured(
        ended=ended,
        most_cpu_s=slowest_cpu,
        most_mib=most_mib,
        beside=beside.calls,
        slowest_beside_s=beside.slowest,
    )
    numbers.check(not beside.failures, f"calls of others failed: {beside.failures[:3]}")
    numbers.check(
        beside.slowest <= SLOWEST_BESIDE_SECONDS, f"a call of somebody else took {beside.slowest:.1f} s"
    )
    _parents_live(numbers, system, before)
    with system.client() as client:
        good = _ended(client, SAMPLE, "after")
        numbers.check(good["state"] == "READY", f"a good document afterwards: {good['state']}")
    numbers.check(not Path("/mootion-slip").exists(), "a file was written outside")


def _made(folder: Path, size: Size) -> list[Path]:
    makers = [*PDF_BOMBS, *DOCX_BOMBS][:: size.of(short=6, long=1)]
    return [make(folder / f"{make.__name__}.bomb") for make in makers]


def _judge(numbers: Numbers, path: Path, document: Json, children: WatchedChildren) -> None:
    name = path.stem
    numbers.check(document["state"] in ("READY", "FAILED"), f"{name}: {document['state']} after its time")
    if document["state"] == "FAILED":
        failure = document["failure"]
        numbers.check(failure["reason"] in REASONS, f"{name}: the reason {failure['reason']} is not ours")
        leaked = [leak for leak in LEAKS if leak in failure["message"]]
        numbers.check(not leaked, f"{name}: its failure tells {leaked}")
    most = children.most
    limit = text_limits(path.stat().st_size).cpu_seconds + CPU_SLACK_SECONDS
    numbers.check(most.cpu_seconds <= limit, f"{name}: a child took {most.cpu_seconds:.1f} s of processor")
    numbers.check(most.rss_mib <= MOST_MIB, f"{name}: a child had {most.rss_mib:.0f} MiB")


def _ended(client: httpx2.Client, path: Path, name: str) -> Json:
    """The document when its reading has ended, or as it is when its time is over."""
    data = path.read_bytes()
    reply = upload(client, data, f"{name}.pdf")
    if reply.status_code != 200:
        # Refused at once, with a status of ours.
        found = next(each for each in reply.json()["details"] if "reason" in each)
        return {"state": "FAILED", "failure": {"reason": found["reason"], "message": reply.json()["message"]}}
    document: Json = ok(reply)["document"]
    give_up = time.monotonic() + ENDED_SECONDS
    while document["state"] not in ("READY", "FAILED") and time.monotonic() < give_up:
        time.sleep(0.05)
        document = ok(client.get(f"/v1/documents/{document['documentId']}"))["document"]
    return document


@dataclass
class _Beside:
    """What other callers saw."""

    calls: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)


@contextmanager
def _beside(system: LocalSystem) -> Iterator[_Beside]:
    """Calls of somebody else all the while."""
    found, over = _Beside(), threading.Event()
    thread = threading.Thread(target=_keep_calling, args=(system, found, over), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def _keep_calling(system: LocalSystem, found: _Beside, over: threading.Event) -> None:
    with system.client() as client, Stopwatch() as watch:
        while not over.wait(BESIDE_EVERY_SECONDS):
            began = watch.seconds
            try:
                status = client.get("/v1/documents").status_code
            except httpx2.TransportError as error:
                status = 0
                found.failures.append(type(error).__name__)
            found.calls += 1
            found.slowest = max(found.slowest, watch.seconds - began)
            if status not in (0, 200):
                found.failures.append(f"HTTP {status}")


def _is_worker(process: psutil.Process) -> bool:
    command = process.cmdline()
    return "workers.documents" in command


def _rss_mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MEBIBYTE


def _parents_live(numbers: Numbers, system: LocalSystem, before: dict[int, float]) -> None:
    after = {
        process.pid: _rss_mib(process)
        for process in system.children("workers.documents")
        if _is_worker(process)
    }
    numbers.check(before.keys() == after.keys(), f"workers {sorted(before)} became {sorted(after)}")
    grown = {pid: after[pid] - rss for pid, rss in before.items() if pid in after}
    most = max(grown.values(), default=0.0)
    numbers.measured(workers=len(before), parent_growth_mib=most)
    numbers.check(most <= PARENT_GROWTH_MIB, f"a worker grew by {most:.0f} MiB")
