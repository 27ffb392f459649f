"""Files that belong to no video, parts of lessons that nobody needs any more, and videos whose files are gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from mootion.video.v1 import video_pb2

from mesh.ids import lowest_at
from mesh.orphans import KEYS_AT_ONCE, Findings, Plan, Sweep, missing
from mesh.ports.blobs import Blobs, StoredBlob
from mesh.ports.sql import Database
from services.video import inventory, lifecycle

VIDEOS, SCENES = "videos/", "scenes/"
FACTS = ".pb"
SUFFIXES = (".mp4", ".vtt", ".png")
SHOWN = (video_pb2.COMPLETED, video_pb2.ARCHIVED)
# How long a rendered scene is kept for other lessons with the same scene.
SCENE_SECONDS = 30 * 86_400.0
# Videos that are made for longer than this are taken for given up.
MAKING_SECONDS = 90 * 86_400.0
# A worker that has just found a part by its facts reports it within this time: two deadlines and a retry.
GRACE_SECONDS = 60.0


@dataclass(frozen=True)
class Files:
    """The files of videos and of their scenes.

    Args:
        sleep: waits so many seconds.
    """

    database: Database
    blobs: Blobs
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def sweep(self, plan: Plan) -> list[Findings]:
        """Removes what belongs to nothing and is old enough."""
        return [await self._videos(plan), await self._scenes(plan)]

    async def _videos(self, plan: Plan) -> Findings:
        found = Sweep(self.blobs, "videos", plan)
        await found.look(VIDEOS, self._named)
        return await found.finish(await missing(self.blobs, self._keys(), self._shown))

    async def _named(self, keys: Sequence[str]) -> Collection[str]:
        """Files of videos that there are, finished or not."""
        return await self._of_videos(keys, lambda video: True)

    async def _shown(self, keys: Sequence[str]) -> Collection[str]:
        """Files of videos that can be played."""
        return await self._of_videos(keys, lambda video: video.state in SHOWN)

    async def _of_videos(
        self, keys: Sequence[str], wanted: Callable[[video_pb2.Video], bool]
    ) -> Collection[str]:
        ids = {_video_id(key) for key in keys}
        async with self.database.reading() as reader:
            found = await inventory.filed(reader, sorted(ids))
        prefixes = {each.blob_prefix for each in found if wanted(each.video)}
        return {key for key in keys if key.rpartition(".")[0] in prefixes}

    async def _keys(self) -> AsyncIterator[Sequence[str]]:
        """Keys of the files of all videos that can be played."""
        async for page in self._pages(""):
            shown = [each.blob_prefix for each in page if each.video.state in SHOWN]
            yield [prefix + suffix for prefix in shown for suffix in SUFFIXES]

    async def _scenes(self, plan: Plan) -> Findings:
        """Facts go first, so that no worker finds the part any more, and parts after a pause, unless a worker found
        one just before and its video is being made with it."""
        old = replace(plan, safe_seconds=max(plan.safe_seconds, SCENE_SECONDS))
        facts = Sweep(self.blobs, "scenes", old)
        await facts.look(SCENES, self._not_only_facts)
        used = await self._used(plan.now)
        facts.orphans = [each for each in facts.orphans if _part(each.key) not in used]
        first = await facts.finish()
        if first.removed and first.orphans:
            await self.sleep(GRACE_SECONDS)
        gone = {_part(each.key) for each in first.orphans}
        parts = Sweep(self.blobs, "scenes", old)
        await parts.look(SCENES, lambda keys: self._kept_parts(keys, gone))
        used = await self._used(plan.now)
        parts.orphans = [each for each in parts.orphans if each.key not in used]
        last = await parts.finish()
        orphans: list[StoredBlob] = [*first.orphans, *last.orphans]
        return Findings("scenes", first.checked, orphans, (), first.removed and last.removed)

    async def _not_only_facts(self, keys: Sequence[str]) -> Collection[str]:
        return {key for key in keys if not key.endswith(FACTS)}

    async def _kept_parts(self, keys: Sequence[str], gone: Collection[str]) -> Collection[str]:
        """Facts, and parts whose facts are there and stay."""
        kept = {key for key in keys if key.endswith(FACTS)}
        for key in set(keys) - kept - set(gone):
            if await self.blobs.exists(key.rpartition(".")[0] + FACTS):
                kept.add(key)
        return kept

    async def _used(self, now: float) -> Collection[str]:
        """Parts of videos that are being made."""
        used: set[str] = set()
        async for page in self._pages(lowest_at(now - MAKING_SECONDS)):
            making = [each.video.video_id for each in page if not lifecycle.finished(each.video)]
            for video_id in making:
                async with self.database.reading() as reader:
                    used.update(await inventory.parts_of(reader, video_id))
        return used

    async def _pages(self, after: str) -> AsyncIterator[Sequence[inventory.Filed]]:
        while True:
            async with self.database.reading() as reader:
                page = await inventory.filed_after(reader, after, KEYS_AT_ONCE)
            if not page:
                return
            yield page
            after = page[-1].video.video_id


def _part(key: str) -> str:
    return key.removesuffix(FACTS) + ".mp4"


def _video_id(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]
