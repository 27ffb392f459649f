"""Removes everything of an account that is gone."""

from mootion.event.v1 import event_pb2

from mesh.runtime import Runtime
from services.document import store

AT_ONCE = 50


async def erase(runtime: Runtime, owner_id: str) -> None:
    """Deletes an owner's documents, each as if its owner had: what came from it follows. A repeat finds none left."""
    while True:
        async with runtime.database.transaction() as tx:
            found = await store.list_documents(tx, owner_id, None, AT_ONCE)
            for document in found:
                await store.remove_document(tx, document.document_id)
                deleted = event_pb2.DocumentDeleted(document_id=document.document_id)
                tx.publish(event_pb2.Event(owner_id=owner_id, document_deleted=deleted))
        if len(found) < AT_ONCE:
            return
