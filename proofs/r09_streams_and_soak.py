"""Thousands of cancelled streams and a long mixed load leave memory, tasks and descriptors where they were."""

import asyncio
import random
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import httpx2
import psutil
from mootion.video.v1 import video_service_pb2
from mootion.video.v1.video_service_pb2_grpc import VideoServiceStub

from proofs import systems
from proofs.callers import lessons
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from proofs.watching import event_stream, observed
from proofs.watching.observed import Counts
from tests.e2e.calls import SAMPLE, ok, upload, upload_and_wait
from tests.e2e.system import LocalSystem

if TYPE_CHECKING:
    from mootion.video.v1.video_service_pb2_grpc import VideoServiceAsyncStub

LOCAL = "local"
AT_ONCE = 32
# Envoy hangs up on a client that resets most of 500 streams; nobody who uses Mootion does.
STREAMS_A_CONNECTION = 250
_OWN = (("grpc.use_local_subchannel_pool", 1),)
CALLS_A_SECOND = 12
SETTLE_SECONDS = 45.0
# What may come on top: caches and pools that had not been full, connections kept open.
MORE_MIB, MORE_SHARE, MORE_TASKS, MORE_DESCRIPTORS = 24.0, 0.1, 12, 48


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """The counts before are taken after a tenth of the load, so that what is made once is made."""
    streams, seconds = size.of(short=300, long=20_000), size.of(short=4, long=600)
    numbers, chance = Numbers(streams), random.Random(seed)
    told = ground.folder / "observed"
    also = observed.variables(told)
    system = await asyncio.to_thread(systems.start, ground, also=also, render_workers=0, log_level="error")
    try:
        document_id = await asyncio.to_thread(_prepare, system)
        async with systems.beside(system, "render-worker") as runtime:
            video_id = await lessons.add_lesson(runtime, lessons.lesson("watched"), owner=LOCAL)
        await _streams(system, video_id, streams // 10, chance)
        await asyncio.to_thread(_soak, system, document_id, seconds / 10, chance)
        before = await _settled(system, told, None)
        failures = await _streams(system, video_id, streams, chance)
        after_streams = await _settled(system, told, before)
        calls = await asyncio.to_thread(_soak, system, document_id, seconds, chance)
        after_soak = await _settled(system, told, before)
    finally:
        await asyncio.to_thread(system.stop)
    numbers.measured(
        streams=streams, soak_seconds=seconds, soak_calls=dict(calls), stream_failures=failures.total()
    )
    _compare(numbers, "streams", before, after_streams)
    _compare(numbers, "soak", before, after_soak)
    strange = {name: count for name, count in calls.items() if not name.endswith(" 200")}
    numbers.check(not strange, f"calls that failed: {strange}")
    numbers.check(not failures, f"streams that failed: {dict(failures)}")
    return numbers


def _prepare(system: LocalSystem) -> str:
    with system.client() as client:
        document = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)
        ok(client.post(f"/v1/documents/{document['documentId']}/flowchart:generate", json={}))
        return str(document["documentId"])


async def _streams(system: LocalSystem, video_id: str, count: int, chance: random.Random) -> Counter[str]:
    """Opens watches through the edge and cancels each: at once, soon, or after its first event. Gives the failures."""
    waits = iter([chance.choice([0.0, 0.0, chance.uniform(0.0, 0.05), -1.0]) for _ in range(count)])
    failures: Counter[str] = Counter()
    opened = [0]

    async def cancel_some(stub: "VideoServiceAsyncStub") -> None:
        for wait in islice(waits, STREAMS_A_CONNECTION):
            opened[0] += 1
            call = stub.WatchVideo(video_service_pb2.WatchVideoRequest(video_id=video_id))
            try:
                if wait < 0:
                    await anext(aiter(call))
                else:
                    await asyncio.sleep(wait)
            except grpc.aio.AioRpcError as error:
                failures[f"{error.code().name} {error.details()}"] += 1
            call.cancel()

    async def cancel_on_connections_of_their_own() -> None:
        while opened[0] < count:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{system.edge_port}", options=_OWN) as channel:
                await cancel_some(VideoServiceStub(channel))

    await asyncio.gather(*(cancel_on_connections_of_their_own() for _ in range(AT_ONCE)))
    return failures


def _soak(system: LocalSystem, document_id: str, seconds: float, chance: random.Random) -> Counter[str]:
    """A steady mix of calls; counts each by how it was answered."""
    calls: Counter[str] = Counter()
    with system.client() as client:
        give_up = time.monotonic() + seconds
        while (began := time.monotonic()) < give_up:
            name = chance.choices(list(_CALLS), [weight for weight, _ in _CALLS.values()])[0]
            status = _CALLS[name][1](client, system, document_id, chance)
            calls[f"{name} {status}"] += 1
            time.sleep(max(0.0, 1 / CALLS_A_SECOND - (time.monotonic() - began)))
    return calls


def _get(client: httpx2.Client, system: LocalSystem, document_id: str, chance: random.Random) -> int:
    path = chance.choice(["", "/passages", "/atoms", "/flowchart"])
    return client.get(f"/v1/documents/{document_id}{path}").status_code


def _search(client: httpx2.Client, system: LocalSystem, document_id: str, chance: random.Random) -> int:
    query = chance.choice(["wave", "sound", "wavelength of light", f"amplitude {chance.randrange(50)}"])
    return client.get("/v1/search", params={"query": query}).status_code


def _ask(client: httpx2.Client, system: LocalSystem, document_id: str, chance: random.Random) -> int:
    question = f"What is {chance.choice(['a wave', 'sound', 'amplitude', 'an echo'])}, number {chance.randrange(99)}?"
    return client.post(
        "/v1/answers:ask", json={"question": question, "documentIds": [document_id]}
    ).status_code


def _quiz(client: httpx2.Client, system: LocalSystem, document_id: str, chance: random.Random) -> int:
    body = {"documentId": document_id, "questionCount": 3, "seed": chance.randrange(1, 20)}
    made = client.post("/v1/quizzes:generate", json=body)
    return (
        client.delete(f"/v1/quizzes/{made.json()['quiz']['quizId']}").status_code
        if made.is_success
        else made.status_code
    )


def _upload(client: httpx2.Client, system: LocalSystem, document_id: str, chance: random.Random) -> int:
    made = upload(client, b"%PDF-1.7\n" + chance.randbytes(50_000), "noise.pdf")
    if not made.is_success:
        return made.status_code
    new = made.json()["document"]["documentId"]
    with event_stream.opened(system.edge_port, f"/v1/documents/{new}:watch", reset=True) as stream:
        next(event_stream.events(stream))
    return client.delete(f"/v1/documents/{new}").status_code


_CALLS = {
    "get": (40, _get),
    "search": (25, _search),
    "ask": (15, _ask),
    "quiz": (3, _quiz),
    "upload": (6, _upload),
}


async def _settled(system: LocalSystem, told: Path, before: dict[str, Counts] | None) -> dict[str, Counts]:
    """The counts once they are back at what they were, or after some time."""
    give_up = time.monotonic() + (SETTLE_SECONDS if before else 3.0)
    while True:
        await asyncio.sleep(1.0)
        counts = await asyncio.to_thread(_counts, system, told)
        if time.monotonic() > give_up or (before and not _grown(before, counts)):
            return counts


def _counts(system: LocalSystem, told: Path) -> dict[str, Counts]:
    [envoy] = [each for each in system.children("envoy") if "tether" not in " ".join(each.cmdline())]
    services = psutil.Process(system.process.pid)
    return {
        "services": observed.observe(services, told),
        "edge": observed.observe(envoy, told, is_python=False),
    }


def _grown(before: dict[str, Counts], after: dict[str, Counts]) -> list[str]:
    """What is more than it was by more than may be."""
    found = []
    for name, was in before.items():
        now = after[name]
        if now.rss_mib > was.rss_mib * (1 + MORE_SHARE) + MORE_MIB:
            found.append(f"{name}: {was.rss_mib} MiB became {now.rss_mib}")
        if now.tasks > was.tasks + MORE_TASKS:
            found.append(f"{name}: {was.tasks} tasks became {now.tasks}")
        if now.descriptors > was.descriptors + MORE_DESCRIPTORS:
            found.append(f"{name}: {was.descriptors} descriptors became {now.descriptors}")
    return found


def _compare(numbers: Numbers, when: str, before: dict[str, Counts], after: dict[str, Counts]) -> None:
    for name in before:
        told = {key: [value, after[name].numbers()[key]] for key, value in before[name].numbers().items()}
        numbers.measured(**{f"{name}_after_{when}": told})
    grown = _grown(before, after)
    numbers.check(not grown, f"after the {when}: {grown}")
