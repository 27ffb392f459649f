"""How often a video is played."""

from mesh.runtime import Runtime
from services.video import store


async def count_view(runtime: Runtime, video_id: str) -> None:
    """Counts one more view from now; a video that was deleted meanwhile has none."""
    async with runtime.database.transaction() as tx:
        stored = await store.find(tx, video_id)
        if stored is not None:
            stored.video.view_count += 1
            stored.video.last_view_time.FromDatetime(runtime.clock.now())
            await store.save(tx, stored.video)
