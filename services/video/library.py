"""What follows for videos when documents or videos are deleted."""

from collections.abc import Sequence
from dataclasses import dataclass

from mootion.event.v1 import event_pb2

from mesh.ports.sql import Reader
from mesh.runtime import Runtime
from services.video import store

VIDEOS_AT_ONCE = 100


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
        while await self._remove_some(event) == VIDEOS_AT_ONCE:
            pass

    async def _remove_some(self, event: event_pb2.Event) -> int:
        """Removes as many videos of a document or account as one unit of work should; tells how many."""
        async with self.runtime.database.transaction() as tx:
            made = await _of(tx, event)
            if not made:
                return 0
            await store.remove(tx, *(each.video_id for each in made))
            for each in made:
                deleted = event_pb2.VideoDeleted(video_id=each.video_id, blob_prefix=each.blob_prefix)
                tx.publish(event_pb2.Event(owner_id=each.owner_id, video_deleted=deleted))
        return len(made)


async def _of(reader: Reader, event: event_pb2.Event) -> Sequence[store.Made]:
    if event.HasField("document_deleted"):
        return await store.videos_of(reader, event.document_deleted.document_id, VIDEOS_AT_ONCE)
    if event.HasField("account_erased"):
        return await store.videos_of_owner(reader, event.owner_id, VIDEOS_AT_ONCE)
    return ()
