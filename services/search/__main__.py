"""Wires the search service: `python -m services.search`."""

import asyncio

from mootion.search.v1 import search_service_pb2
from mootion.search.v1.search_service_pb2_grpc import add_SearchServiceServicer_to_server

from mesh.ports.open_index import open_index
from mesh.reconcile import TOPIC
from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from mesh.worker import consume
from services.search.indexer import SUBSCRIPTION, Indexer
from services.search.reconcile import MOST_ATTEMPTS, Reconciler
from services.search.service import SearchService


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given."""
    index = open_index(runtime.settings)
    indexer, reconciler = Indexer(runtime, index), Reconciler(runtime, index)

    async def reconcile() -> None:
        await consume(
            runtime,
            TOPIC,
            reconciler.handle,
            until=asyncio.Event(),
            on_dead=reconciler.on_dead,
            max_attempts=MOST_ATTEMPTS,
        )

    return Parts(
        name="search",
        servicers=[
            Servicer(
                SearchService(runtime, index),
                add_SearchServiceServicer_to_server,
                search_service_pb2.DESCRIPTOR.services_by_name["SearchService"],
            )
        ],
        tasks=[lambda: runtime.events.run(SUBSCRIPTION, indexer.follow), reconcile],
        queues=(TOPIC,),
        subscriptions=(SUBSCRIPTION,),
        stop=index.close,
    )


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
