"""Wires the document service: `python -m services.document`."""

import time
from functools import partial

from mootion.document.v1 import document_service_pb2, processing_service_pb2
from mootion.document.v1.document_service_pb2_grpc import add_DocumentServiceServicer_to_server
from mootion.document.v1.processing_service_pb2_grpc import add_DocumentProcessingServiceServicer_to_server
from mootion.event.v1 import event_pb2

from mesh.orphans import sweep_daily
from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from mesh.watch import Notifier
from services.document.erasure import erase
from services.document.orphans import sweep
from services.document.processing import DocumentProcessingService
from services.document.service import DocumentService
from services.document.upload import blob_key


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given."""
    notifier = Notifier()

    async def follow(event: event_pb2.Event) -> None:
        if event.HasField("document_deleted"):
            await runtime.blobs.delete(blob_key(event.document_deleted.document_id))
        if event.HasField("account_erased"):
            await erase(runtime, event.owner_id)

    async def sweep_orphans() -> None:
        await sweep_daily(partial(sweep, runtime.database, runtime.blobs), time.time)

    return Parts(
        name="document",
        servicers=[
            Servicer(
                DocumentService(runtime, notifier),
                add_DocumentServiceServicer_to_server,
                document_service_pb2.DESCRIPTOR.services_by_name["DocumentService"],
            ),
            Servicer(
                DocumentProcessingService(runtime, notifier),
                add_DocumentProcessingServiceServicer_to_server,
                processing_service_pb2.DESCRIPTOR.services_by_name["DocumentProcessingService"],
            ),
        ],
        tasks=[lambda: runtime.events.run("document", follow), sweep_orphans],
        queues=("document.process",),
        subscriptions=("document",),
    )


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
