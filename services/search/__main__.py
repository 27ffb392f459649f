"""Wires the search service: `python -m services.search`."""

from mootion.search.v1 import search_service_pb2
from mootion.search.v1.search_service_pb2_grpc import add_SearchServiceServicer_to_server

from mesh.ports.open_index import open_index
from mesh.runtime import Runtime
from mesh.server import run_service
from mesh.service import Parts, Servicer
from services.search.indexer import SUBSCRIPTION, Indexer
from services.search.service import SearchService


def build(runtime: Runtime) -> Parts:
    """Puts the service together from the ports it is given."""
    index = open_index(runtime.settings)
    indexer = Indexer(runtime, index)
    return Parts(
        name="search",
        servicers=[
            Servicer(
                SearchService(runtime, index),
                add_SearchServiceServicer_to_server,
                search_service_pb2.DESCRIPTOR.services_by_name["SearchService"],
            )
        ],
        tasks=[lambda: runtime.events.run(SUBSCRIPTION, indexer.follow)],
        stop=index.close,
    )


def main() -> None:
    """Serves until it is told to stop."""
    run_service(build)


if __name__ == "__main__":
    main()
