"""A full disk, and too few descriptors: RESOURCE_EXHAUSTED, nothing torn is seen, and all works again afterwards."""

import asyncio
import random
import resource
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import httpx2
import psutil
from sqlalchemy import func, select

from mesh.config import Settings
from mesh.ports.open_blobs import open_blobs
from mesh.ports.tables import JobState, queue_jobs
from mesh.runtime import Runtime
from proofs import systems
from proofs.faults import scarce_servers
from proofs.faults.small_disk import MEBIBYTE, SmallDisk, small_disk
from proofs.ground import Ground, Size
from proofs.history import judge
from proofs.numbers import Numbers
from proofs.real_servers import RealServers
from tests.e2e.calls import ok, reason, upload
from tests.e2e.system import LocalSystem

DISK_MEBIBYTES = 24
FULL_MEBIBYTES = 20
# What is left for new rows, and what a bucket holds, before each fill.
ROOM_FOR_ROWS, BUCKET_MEBIBYTES = 256 * 1024, 8
LARGE_MEBIBYTES = 128
SIZES, SMALL = (20_000, 300_000, 2_000_000), (2_000,)
EXHAUSTED = 8
MOST_UPLOADS = 1000
# Real servers are spoken to by connections that are kept: only more at once than ever before need new ones.
AT_ONCE, MANY_AT_ONCE = 16, 48
SETTLE_SECONDS = 60.0
CARRIED_SECONDS = 60.0


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Uploads are the load; where real servers run, each of them runs short in turn."""
    numbers, chance = Numbers(0), random.Random(seed)
    if ground.servers is None:
        with small_disk(ground.folder / "system", DISK_MEBIBYTES) as disk:
            await _embedded(numbers, ground, disk, size.of(short=1, long=5), chance)
    else:
        await _full(numbers, ground, ground.servers, size.of(short=1, long=3), chance)
    met = [name for name in numbers.values["refusals"] if name.startswith("descriptors")]
    numbers.check(bool(met), "no upload met the limit of descriptors")
    return numbers


async def _embedded(
    numbers: Numbers, ground: Ground, disk: SmallDisk, rounds: int, chance: random.Random
) -> None:
    """Everything lies on one disk."""
    system = await asyncio.to_thread(systems.start, ground, document_workers=0, render_workers=0)
    try:
        for _ in range(rounds):
            disk.resize(FULL_MEBIBYTES * MEBIBYTE)
            await asyncio.to_thread(_full_disk, numbers, system, "disk", disk, chance, SIZES, DISK_MEBIBYTES)
        for _ in range(rounds):
            await asyncio.to_thread(_few_descriptors, numbers, system, chance, AT_ONCE)
        torn = [path.name for path in (system.folder / "data" / "blobs" / ".incoming").iterdir()]
        numbers.check(not torn, f"{len(torn)} unfinished files")
    finally:
        await asyncio.to_thread(system.stop)


async def _full(
    numbers: Numbers, ground: Ground, servers: RealServers, rounds: int, chance: random.Random
) -> None:
    """Tables and blobs lie on a disk each; then Redis has no memory left, and RabbitMQ no disk."""
    tables_on = scarce_servers.tables_on_a_small_disk(
        servers.postgres, ground.urls["DATABASE_URL"], LARGE_MEBIBYTES
    )
    bucket_on = scarce_servers.bucket_on_a_small_disk(servers.s3, ground.urls["BLOB_URL"], LARGE_MEBIBYTES)
    with tables_on as tables, bucket_on as bucket:
        system = await asyncio.to_thread(systems.start, ground, document_workers=0, render_workers=0)
        try:
            for _ in range(rounds):
                bucket.resize(BUCKET_MEBIBYTES * MEBIBYTE)
                await asyncio.to_thread(
                    _full_disk, numbers, system, "bucket", bucket, chance, SIZES, LARGE_MEBIBYTES
                )
                tables.resize(tables.used + ROOM_FOR_ROWS)
                await asyncio.to_thread(
                    _full_disk, numbers, system, "tables", tables, chance, SMALL, LARGE_MEBIBYTES
                )
                await asyncio.to_thread(_few_descriptors, numbers, system, chance, MANY_AT_ONCE)
            without = scarce_servers.no_memory(servers.redis)
            await asyncio.to_thread(_goes_on, numbers, system, "redis without memory", without, chance)
            await _without_a_disk_for_messages(numbers, system, servers, chance)
        finally:
            await asyncio.to_thread(system.stop)


def _full_disk(
    numbers: Numbers,
    system: LocalSystem,
    what: str,
    disk: SmallDisk,
    chance: random.Random,
    sizes: Sequence[int],
    then_mebibytes: int,
) -> None:
    """Uploads until several in a row are refused; then room is made."""
    with system.client() as client:
        accepted, refusals = _fill(client, chance, sizes)
        numbers.n += len(accepted) + refusals.total()
        told = {f"full {what}: {name}": count for name, count in refusals.items()}
        numbers.measured(refusals=numbers.values.get("refusals", Counter()) + Counter(told))
        numbers.check(set(refusals) == {"429 8 STORAGE_FULL"}, f"refusals of a full {what}: {dict(refusals)}")
        _check_whole(numbers, system, client, f"full {what}")
        disk.resize(then_mebibytes * MEBIBYTE)
        for document_id in accepted[: len(accepted) // 2 + 1]:
            ok(client.delete(f"/v1/documents/{document_id}"))
        _works_again(numbers, client, chance, f"with room for the {what} again")
        _check_whole(numbers, system, client, "room again")
        _remove_all(client)


def _fill(
    client: httpx2.Client, chance: random.Random, sizes: Sequence[int]
) -> tuple[list[str], Counter[str]]:
    accepted: list[str] = []
    refusals: Counter[str] = Counter()
    while refusals.total() < 10 and len(accepted) < MOST_UPLOADS:
        reply = upload(client, _pdf(chance, chance.choice(sizes)), "some.pdf")
        if reply.status_code == 200:
            accepted.append(reply.json()["document"]["documentId"])
        else:
            refusals[_told(reply)] += 1
    return accepted, refusals


def _goes_on(
    numbers: Numbers,
    system: LocalSystem,
    when: str,
    trouble: AbstractContextManager[None],
    chance: random.Random,
) -> None:
    """What is short here costs no call."""
    answers: Counter[str] = Counter()
    with trouble, system.client() as client:
        for _ in range(20):
            made = upload(client, _pdf(chance, 2_000), "on.pdf")
            replies = [made, client.get("/v1/documents"), client.get("/v1/search", params={"query": "on"})]
            if made.status_code == 200:
                document_id = made.json()["document"]["documentId"]
                replies.append(client.get(f"/v1/documents/{document_id}"))
            answers.update(str(reply.status_code) for reply in replies)
    numbers.n += answers.total()
    numbers.measured(**{when: dict(answers)})
    numbers.check(set(answers) == {"200"}, f"{when}: {dict(answers)}")


async def _without_a_disk_for_messages(
    numbers: Numbers, system: LocalSystem, servers: RealServers, chance: random.Random
) -> None:
    """Jobs wait in the database while RabbitMQ takes no messages, and are carried when it does."""
    async with systems.beside(system, "render-worker") as runtime:
        await _carried(runtime)
        with scarce_servers.disk_alarm(servers.rabbitmq):
            await asyncio.to_thread(_goes_on, numbers, system, "rabbitmq without disk", nullcontext(), chance)
            waiting = await _waiting(runtime)
        began = time.monotonic()
        numbers.check(await _carried(runtime), f"jobs still wait {CARRIED_SECONDS:g} s after the alarm")
        numbers.measured(jobs_that_waited=waiting, carried_after_s=time.monotonic() - began)
        numbers.check(waiting > 0, "no job waited for the disk of RabbitMQ")


async def _waiting(runtime: Runtime) -> int:
    """Jobs that RabbitMQ has not been given."""
    count = select(func.count()).where(queue_jobs.c.state == JobState.WAITING)
    async with runtime.database.reading() as reader:
        return int((await reader.execute(count)).scalar_one())


async def _carried(runtime: Runtime) -> bool:
    give_up = time.monotonic() + CARRIED_SECONDS
    while await _waiting(runtime):
        if time.monotonic() > give_up:
            return False
        await asyncio.sleep(0.1)
    return True


def _few_descriptors(numbers: Numbers, system: LocalSystem, chance: random.Random, at_once: int) -> None:
    """The services may open hardly any file more while uploads come."""
    pid = system.process.pid
    data = [_pdf(chance, 30_000) for _ in range(48)]
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with system.client() as client, ThreadPoolExecutor(at_once) as pool:
        ok(upload(client, data[0], "before.pdf"))
        spare = chance.randrange(1, 4)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (psutil.Process(pid).num_fds() + spare, before[1]))
        replies = list(pool.map(lambda each: upload(client, each, "few.pdf"), data))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        refusals = Counter(_told(reply) for reply in replies if reply.status_code != 200)
        numbers.n += len(replies)
        told = {f"descriptors: {name}": count for name, count in refusals.items()}
        numbers.measured(refusals=numbers.values.get("refusals", Counter()) + Counter(told))
        strange = [name for name in refusals if not name.startswith(f"429 {EXHAUSTED} ")]
        numbers.check(not strange, f"refusals with few descriptors: {dict(refusals)}")
        _works_again(numbers, client, chance, "with descriptors again")
        _check_whole(numbers, system, client, "descriptors again")
        _remove_all(client)


def _works_again(numbers: Numbers, client: httpx2.Client, chance: random.Random, when: str) -> None:
    """What is uploaded now is taken, and found: the index follows as well."""
    word = f"zyx{chance.randrange(10**9)}"
    made = upload(client, _pdf(chance, 65_536), f"{word}.pdf")
    numbers.check(made.status_code == 200, f"{when}: {made.status_code} {made.text[:200]}")
    began = time.monotonic()
    while not ok(client.get("/v1/search", params={"query": word})).get("hits"):
        if time.monotonic() > began + SETTLE_SECONDS:
            numbers.check(False, f"{when}: a new document was not found within {SETTLE_SECONDS:g} s")
            return
        time.sleep(0.1)
    longest = max(numbers.values.get("longest_until_found_s", 0.0), time.monotonic() - began)
    numbers.measured(longest_until_found_s=longest)


def _pdf(chance: random.Random, size: int) -> bytes:
    return b"%PDF-1.7\n" + chance.randbytes(size)


def _told(reply: httpx2.Response) -> str:
    """HTTP status, code and reason of an error that is whole and clean; its text where it is not."""
    try:
        told = reason(reply)
    except (AssertionError, KeyError, StopIteration, ValueError):
        return f"{reply.status_code} unclean: {reply.text[:200]}"
    clean = "Traceback" not in reply.text and "/" not in reply.json()["message"]
    return f"{reply.status_code} {reply.json()['code']} {told if clean else reply.text[:200]}"


def _check_whole(numbers: Numbers, system: LocalSystem, client: httpx2.Client, when: str) -> None:
    """Every listed document has all its bytes, and no other bytes lie about."""
    sizes = {document["documentId"]: int(document["sizeBytes"]) for document in _listed(client)}
    began = time.monotonic()
    # The bytes of a deleted document go a moment after it.
    while (stored := asyncio.run(_sizes(system))) != sizes and time.monotonic() < began + SETTLE_SECONDS:
        time.sleep(0.1)
    settled = max(numbers.values.get("longest_settling_s", 0.0), time.monotonic() - began)
    numbers.measured(longest_settling_s=settled)
    verdict = judge(sizes, sizes, list(stored))
    cut = [name for name, size in stored.items() if size != sizes.get(name, size)]
    numbers.check(verdict.holds and not cut, f"{when}: {len(cut)} cut short, documents and blobs: {verdict}")


async def _sizes(system: LocalSystem) -> dict[str, int]:
    """Bytes of each stored upload."""
    blobs = await open_blobs(Settings.from_environment(system.environment))
    return {blob.key.removeprefix("uploads/"): blob.size async for blob in blobs.stored("uploads/")}


def _listed(client: httpx2.Client) -> list[dict[str, str]]:
    found, token = [], ""
    while True:
        page = ok(client.get("/v1/documents", params={"pageSize": 100, "pageToken": token}))
        found += page.get("documents", [])
        token = page.get("nextPageToken", "")
        if not token:
            return found


def _remove_all(client: httpx2.Client) -> None:
    for document in _listed(client):
        ok(client.delete(f"/v1/documents/{document['documentId']}"))
