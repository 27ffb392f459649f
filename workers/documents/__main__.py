"""Runs a document worker: `python -m workers.documents`."""

from mesh.runtime import Runtime
from mesh.worker import Consumer, run_worker
from workers.documents.consumer import TOPIC, DocumentConsumer
from workers.documents.sandbox import DocumentReader


def consumers(runtime: Runtime) -> list[Consumer]:
    """What this worker takes from which queue."""
    documents = DocumentConsumer(runtime, DocumentReader())
    return [Consumer(TOPIC, documents.handle, documents.on_dead)]


def main() -> None:
    """Works until it is told to stop."""
    run_worker("document-worker", consumers)


if __name__ == "__main__":
    main()
