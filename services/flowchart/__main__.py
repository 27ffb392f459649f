"""Wires the flowchart service: `python -m services.flowchart`."""

from mootion.event.v1 import event_pb2
from mootion.flowchart.v1 import flowchart_service_pb2
from mootion.flowchart.v1.flowchart_service_pb2_grpc import add_FlowchartServiceServicer_to_server

from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from services.flowchart import store
from services.flowchart.generate import Generator
from services.flowchart.service import FlowchartService


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given."""

    async def follow_deletion(event: event_pb2.Event) -> None:
        if event.HasField("document_deleted"):
            async with runtime.database.transaction() as tx:
                await store.remove(tx, event.document_deleted.document_id)

    return Parts(
        name="flowchart",
        servicers=[
            Servicer(
                FlowchartService(runtime, Generator(runtime)),
                add_FlowchartServiceServicer_to_server,
                flowchart_service_pb2.DESCRIPTOR.services_by_name["FlowchartService"],
            )
        ],
        tasks=[lambda: runtime.events.run("flowchart", follow_deletion)],
        subscriptions=("flowchart",),
    )


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
