from collections.abc import Iterator

import pytest

from tests.integration.edge.edge_running import Running, running_edge


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One edge for all tests of this folder, healthy when they begin."""
    with running_edge(tmp_path_factory.mktemp("edge")) as running:
        running.until_healthy()
        yield running
