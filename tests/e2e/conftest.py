"""One system for all end-to-end tests that leave it standing."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, upload_and_wait


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalSystem]:
    """A running system."""
    running = local.start(tmp_path_factory.mktemp("system"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def client(system: local.LocalSystem) -> Iterator[httpx2.Client]:
    """A client of its edge."""
    with system.client() as made:
        yield made


@pytest.fixture(scope="session")
def document_id(client: httpx2.Client) -> str:
    """The sample chapter, READY."""
    document = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)
    assert document["state"] == "READY", document
    return str(document["documentId"])
