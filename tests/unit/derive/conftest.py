from pathlib import Path

import pytest

from mesh.derive.contracts import Contracts, build_image, parse

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def contracts() -> Contracts:
    """Our own contracts with their comments."""
    return parse(build_image(".", root=ROOT))
