"""Systems for all end-to-end tests that leave them standing: everything in one process, and everything apart."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.e2e import full_system
from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, upload_and_wait
from tests.e2e.engines import real_engines

AnySystem = local.LocalSystem | full_system.FullSystem
# Two replicas of what answers most calls; each process costs a start.
REPLICAS = {"document": 2, "quiz": 2}


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalSystem]:
    """All services in one process, embedded stores."""
    running = local.start(tmp_path_factory.mktemp("system"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[full_system.FullSystem]:
    """A process for each service, two for some, on real servers."""
    folder = tmp_path_factory.mktemp("full")
    prepared = full_system.prepared(folder, replicas=REPLICAS, engines=real_engines(request))
    with full_system.running(prepared) as running:
        yield running


@pytest.fixture(scope="module")
def system(embedded: local.LocalSystem) -> AnySystem:
    """A running system. A module that is for both has a fixture of this name that takes `both_systems`."""
    return embedded


@pytest.fixture(scope="module", params=["embedded", "full"])
def both_systems(request: pytest.FixtureRequest) -> AnySystem:
    """One after the other."""
    found: AnySystem = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def client(system: AnySystem) -> Iterator[httpx2.Client]:
    """A client of its edge."""
    with system.client() as made:
        yield made


@pytest.fixture(scope="module")
def document_id(client: httpx2.Client) -> str:
    """The sample chapter, READY."""
    document = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)
    assert document["state"] == "READY", document
    return str(document["documentId"])
