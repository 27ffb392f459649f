"""What follows for videos when documents or videos are deleted."""

from dataclasses import dataclass

from mootion.event.v1 import event_pb2

from mesh.runtime import Runtime
from services.video import store


@dataclass(frozen=True)
class Library:
    """Follows the events of documents and videos."""

    runtime: Runtime

    async def follow(self, event: event_pb2.Event) -> None:
        """Deletes the videos of a deleted document, and the files of a deleted video. A repeat finds none left."""
        if event.HasField("video_deleted"):
            await self.runtime.blobs.delete_prefix(f"{event.video_deleted.blob_prefix}.")
        if not event.HasField("document_deleted"):
            return
        async with self.runtime.database.reading() as reader:
            video_ids = await store.videos_of(reader, event.document_deleted.document_id)
        for video_id in video_ids:
            await self._remove(video_id)

    async def _remove(self, video_id: str) -> None:
        async with self.runtime.database.transaction() as tx:
            stored = await store.find(tx, video_id)
            if stored is None:
                return
            await store.remove(tx, video_id)
            deleted = event_pb2.VideoDeleted(video_id=video_id, blob_prefix=stored.blob_prefix)
            tx.publish(event_pb2.Event(owner_id=stored.owner_id, video_deleted=deleted))
