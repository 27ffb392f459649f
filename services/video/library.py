"""What follows for videos when documents, videos or accounts are deleted."""

from collections.abc import Sequence
from dataclasses import dataclass

from mootion.event.v1 import event_pb2

from mesh.runtime import Runtime
from services.video import store


@dataclass(frozen=True)
class Library:
    """Follows the events of documents and videos."""

    runtime: Runtime

    async def follow(self, event: event_pb2.Event) -> None:
        """Deletes the videos of a deleted document or account, and the files of a deleted video.

        A repeat finds none left.
        """
        if event.HasField("video_deleted"):
            await self.runtime.blobs.delete_prefix(f"{event.video_deleted.blob_prefix}.")
        for video_id in await self._videos_to_go(event):
            await self._remove(video_id)

    async def _videos_to_go(self, event: event_pb2.Event) -> Sequence[str]:
        async with self.runtime.database.reading() as reader:
            if event.HasField("document_deleted"):
                return await store.videos_of(reader, event.document_deleted.document_id)
            if event.HasField("account_erased"):
                return await store.videos_of_owner(reader, event.owner_id)
        return ()

    async def _remove(self, video_id: str) -> None:
        async with self.runtime.database.transaction() as tx:
            stored = await store.find(tx, video_id)
            if stored is None:
                return
            await store.remove(tx, video_id)
            deleted = event_pb2.VideoDeleted(video_id=video_id, blob_prefix=stored.blob_prefix)
            tx.publish(event_pb2.Event(owner_id=stored.owner_id, video_deleted=deleted))
