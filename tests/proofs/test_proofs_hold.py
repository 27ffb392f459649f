"""Each proof in short: seconds of what `make proofs` does for minutes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ground.postgres import Postgres
from ground.rabbitmq import RabbitMQ
from ground.redis_server import RedisServer
from ground.s3 import S3
from proofs import runner
from proofs.ground import Mode, Size
from proofs.real_servers import RealServers
from proofs.registry import chosen
from proofs.stand import Stand

# They take seconds each, some of them a minute or two; a busy machine takes several times as long.
pytestmark = pytest.mark.timeout(900)
SEED = 13
RELIABILITY = ("R1", "R2", "R3", "R5", "R6", "R8", "R9", "R10", "R12", "R13", "R14", "R15")
SECURITY = ("S1", "S2", "S3", "S5", "S6", "S7", "S8", "S9", "S10", "S12", "S13", "S15")
EMBEDDED = RELIABILITY + SECURITY
# The others in this mode take longer than a test may: `make proofs`.
FULL = ("R1", "R3", "R4", "R13")


@pytest.fixture(scope="session")
def servers(postgres: Postgres, rabbitmq: RabbitMQ, redis_server: RedisServer, s3: S3) -> RealServers:
    """The real servers of this session."""
    return RealServers(postgres, rabbitmq, redis_server, s3)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Ground without real servers."""
    with Stand(tmp_path) as made:
        yield made


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_proof_holds_on_the_embedded_stores(name: str, stand: Stand) -> None:
    _hold(name, Mode.EMBEDDED, stand)


@pytest.mark.parametrize("name", FULL)
def test_a_proof_holds_on_real_servers(name: str, tmp_path: Path, servers: RealServers) -> None:
    with Stand(tmp_path, servers) as stand:
        _hold(name, Mode.FULL, stand)


def _hold(name: str, mode: Mode, stand: Stand) -> None:
    line = runner.run(chosen([name])[0], mode, SEED, Size.SHORT, stand)
    if line.skipped:
        pytest.skip(line.skipped)
    assert line.passed, line.as_json()
