"""A full disk, and too few descriptors: RESOURCE_EXHAUSTED, nothing torn is seen, and all works again afterwards."""

import asyncio
import random
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

from proofs import systems
from proofs.ground import Ground, Size
from proofs.history import judge
from proofs.numbers import CannotRun, Numbers
from tests.e2e.calls import ok, reason, upload
from tests.e2e.system import LocalSystem

MEBIBYTE = 1 << 20
DISK_MEBIBYTES = 24
BALLAST = 4 * MEBIBYTE
EXHAUSTED = 8
MOST_UPLOADS = 400
SETTLE_SECONDS = 60.0


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """A system whose data lies on a small disk of its own; uploads are its load."""
    if not ground.is_embedded:
        raise CannotRun("the disks of the real servers are not limited here")
    numbers, chance = Numbers(0), random.Random(seed)
    with small_disk(ground.folder / "system") as disk:
        system = await asyncio.to_thread(systems.start, ground, document_workers=0, render_workers=0)
        try:
            for _ in range(size.of(short=1, long=5)):
                await asyncio.to_thread(_full_disk, numbers, system, disk, chance)
            for _ in range(size.of(short=1, long=5)):
                await asyncio.to_thread(_few_descriptors, numbers, system, chance)
        finally:
            await asyncio.to_thread(system.stop)
    met = [name for name in numbers.values["refusals"] if name.startswith("descriptors")]
    numbers.check(bool(met), "no upload met the limit of descriptors")
    return numbers


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of a few megabytes in memory.

    Raises:
        CannotRun: mounting is not allowed.
    """
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEBIBYTES}m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        raise CannotRun(f"mounting a small disk needs root: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _full_disk(numbers: Numbers, system: LocalSystem, disk: Path, chance: random.Random) -> None:
    """Uploads of every size until several in a row are refused; then room is made."""
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * BALLAST)
    with system.client() as client:
        accepted, refusals = _fill(client, chance)
        numbers.n += len(accepted) + refusals.total()
        told = {f"full: {name}": count for name, count in refusals.items()}
        numbers.measured(refusals=numbers.values.get("refusals", Counter()) + Counter(told))
        numbers.check(set(refusals) == {"429 8 STORAGE_FULL"}, f"refusals of a full disk: {dict(refusals)}")
        _check_whole(numbers, system, client, "full disk")
        ballast.unlink()
        for document_id in list(accepted)[: len(accepted) // 2 + 1]:
            ok(client.delete(f"/v1/documents/{document_id}"))
        again = upload(client, _pdf(chance, 65_536), "again.pdf")
        numbers.check(again.status_code == 200, f"with room again: {again.status_code} {again.text[:200]}")
        _check_whole(numbers, system, client, "room again")
        _remove_all(client)


def _fill(client: httpx2.Client, chance: random.Random) -> tuple[list[str], Counter[str]]:
    accepted: list[str] = []
    refusals: Counter[str] = Counter()
    while refusals.total() < 10 and len(accepted) < MOST_UPLOADS:
        reply = upload(client, _pdf(chance, chance.choice([20_000, 300_000, 2_000_000])), "some.pdf")
        if reply.status_code == 200:
            accepted.append(reply.json()["document"]["documentId"])
        else:
            refusals[_told(reply)] += 1
    return accepted, refusals


def _few_descriptors(numbers: Numbers, system: LocalSystem, chance: random.Random) -> None:
    """The services may open hardly any file more; uploads come 16 at once."""
    pid = system.process.pid
    data = [_pdf(chance, 30_000) for _ in range(48)]
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with system.client() as client, ThreadPoolExecutor(16) as pool:
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
        again = upload(client, data[0], "again.pdf")
        numbers.check(again.status_code == 200, f"with descriptors again: {again.status_code}")
        _check_whole(numbers, system, client, "descriptors again")
        _remove_all(client)


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
    blobs, began = system.folder / "data" / "blobs", time.monotonic()
    # The bytes of a deleted document go a moment after it.
    while (stored := _sizes(blobs)) != sizes and time.monotonic() < began + SETTLE_SECONDS:
        time.sleep(0.1)
    settled = max(numbers.values.get("longest_settling_s", 0.0), time.monotonic() - began)
    numbers.measured(longest_settling_s=settled)
    verdict = judge(sizes, sizes, list(stored))
    cut = [name for name, size in stored.items() if size != sizes.get(name, size)]
    numbers.check(verdict.holds and not cut, f"{when}: {len(cut)} cut short, documents and blobs: {verdict}")
    torn = [path.name for path in (blobs / ".incoming").iterdir()]
    numbers.check(not torn, f"{when}: {len(torn)} unfinished files")


def _sizes(blobs: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (blobs / "uploads").glob("*")}


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
