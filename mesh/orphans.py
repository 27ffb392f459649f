"""Blobs that no row names, and rows that name blobs which are gone: found by the service that owns both."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

import structlog

from mesh.ports.blobs import Blobs, StoredBlob

# What is younger may belong to an upload or a job that has not committed its row yet.
SAFE_SECONDS = 86_400.0
KEYS_AT_ONCE = 500
LOOKS_AT_ONCE = 16
# So that a service that was given the database of another system does not empty its blob store by itself.
MOST_ALONE = 20
MOST_SHARE_ALONE = 0.5

Named = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Of these keys, those that a row names now."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Findings:
    """What a sweep saw of one kind of blobs.

    `orphans` are old enough to go and were removed where `removed` says so; `missing` are keys that rows name.
    """

    kind: str
    checked: int = 0
    orphans: Sequence[StoredBlob] = ()
    missing: Sequence[str] = ()
    removed: bool = False

    @property
    def orphan_bytes(self) -> int:
        """Size of the orphans together."""
        return sum(orphan.size for orphan in self.orphans)


@dataclass(frozen=True)
class Plan:
    """How to sweep.

    Args:
        now: seconds since 1970.
        safe_seconds: blobs that were put less long ago stay, whatever names them.
        dry_run: remove nothing.
        alone: nobody looks on. Then nothing is removed where more than 20 and more than half would go.
    """

    now: float
    safe_seconds: float = SAFE_SECONDS
    dry_run: bool = False
    alone: bool = False

    def allows(self, orphans: int, checked: int) -> bool:
        """Whether so many of so many blobs may be removed."""
        too_many = orphans > MOST_ALONE and orphans > checked * MOST_SHARE_ALONE
        return not self.dry_run and not (self.alone and too_many)


@dataclass
class Sweep:
    """Finds and removes the orphans of one kind of blobs."""

    blobs: Blobs
    kind: str
    plan: Plan
    checked: int = 0
    orphans: list[StoredBlob] = field(default_factory=list)

    async def look(self, prefix: str, named: Named) -> None:
        """Finds what no row names below a prefix."""
        waiting: list[StoredBlob] = []
        async for found in self.blobs.stored(prefix):
            self.checked += 1
            if found.modified < self.plan.now - self.plan.safe_seconds:
                waiting.append(found)
            if len(waiting) == KEYS_AT_ONCE:
                await self._judge(waiting, named)
                waiting = []
        await self._judge(waiting, named)

    async def _judge(self, waiting: Sequence[StoredBlob], named: Named) -> None:
        if waiting:
            kept = await named([found.key for found in waiting])
            self.orphans += [found for found in waiting if found.key not in kept]

    async def finish(self, missing: Sequence[str] = ()) -> Findings:
        """Removes what was found, if that is planned."""
        removes = self.plan.allows(len(self.orphans), self.checked)
        for orphan in self.orphans if removes else ():
            await self.blobs.delete(orphan.key)
        return Findings(self.kind, self.checked, self.orphans, missing, removes)


async def missing(blobs: Blobs, keys: AsyncIterator[Sequence[str]], named: Named) -> list[str]:
    """Keys, given by pages, that have no blob and are named still after that was seen."""
    looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def is_gone(key: str) -> bool:
        async with looks:
            return not await blobs.exists(key)

    found: list[str] = []
    async for page in keys:
        gone = await asyncio.gather(*map(is_gone, page))
        lost = [key for key, is_lost in zip(page, gone, strict=True) if is_lost]
        if lost:
            still = await named(lost)
            found += [key for key in lost if key in still]
    return found


async def sweep_daily(
    sweep: Callable[[Plan], Awaitable[Sequence[Findings]]], now: Callable[[], float]
) -> None:
    """Sweeps about once a day until cancelled. The moment differs from replica to replica."""
    while True:
        await asyncio.sleep(SAFE_SECONDS * random.uniform(0.5, 1.5))
        try:
            seen = await sweep(Plan(now(), alone=True))
        except OSError:
            log.warning("orphan_sweep_failed", exc_info=True)
            continue
        for findings in seen:
            note(findings)


def note(findings: Findings) -> None:
    """Logs what a sweep that nobody looks on saw."""
    counts = {"kind": findings.kind, "checked": findings.checked, "orphans": len(findings.orphans)}
    if findings.missing:
        log.error("blobs_missing", count=len(findings.missing), first=findings.missing[0], **counts)
    if findings.orphans and not findings.removed:
        log.error("orphans_kept", advice="so many at once are removed by `mootion reconcile` only", **counts)
    else:
        log.info("orphans_swept", bytes=findings.orphan_bytes, **counts)
