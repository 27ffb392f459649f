"""Real servers for the tests that ask for one: started at the first such test, ended with the session.

Each test gets a database, a Redis number, a virtual host or a bucket of its own.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
import redis
import structlog
from hypothesis import HealthCheck, settings

from ground.postgres import Postgres
from ground.rabbitmq import RabbitMQ
from ground.redis_server import DATABASES, RedisServer
from ground.s3 import S3
from ground.server import Server, ServerMissing
from mesh.config import Settings
from mesh.migrations.apply import migrate_postgres
from tests.elasticsearch.node import Elasticsearch

AnyServer = TypeVar("AnyServer", bound=Server)

# How long an example takes depends on what else the machine does; what must be quick has a test that says so.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def logs_that_outlive_no_test() -> Iterator[None]:
    """What a test sent its logs to may be closed after it; the next one begins with what structlog does by itself."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def ground_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the servers of this session keep their data."""
    return tmp_path_factory.mktemp("ground")


def _running(kind: type[AnyServer], folder: Path) -> Iterator[AnyServer]:
    server = kind(folder, tethered=True)
    try:
        server.start()
    except ServerMissing as reason:
        pytest.skip(str(reason))
    yield server
    server.kill()


@pytest.fixture(scope="session")
def postgres(ground_folder: Path) -> Iterator[Postgres]:
    """PostgreSQL. Who stops or kills it starts it again."""
    yield from _running(Postgres, ground_folder)


@pytest.fixture(scope="session")
def redis_server(ground_folder: Path) -> Iterator[RedisServer]:
    """Redis. Who stops or kills it starts it again."""
    yield from _running(RedisServer, ground_folder)


@pytest.fixture(scope="session")
def rabbitmq(ground_folder: Path) -> Iterator[RabbitMQ]:
    """RabbitMQ. Who stops or kills it starts it again."""
    yield from _running(RabbitMQ, ground_folder)


@pytest.fixture(scope="session")
def s3(ground_folder: Path) -> Iterator[S3]:
    """An S3 server. Who stops or kills it starts it again."""
    yield from _running(S3, ground_folder)


@pytest.fixture(scope="session")
def elasticsearch(ground_folder: Path) -> Iterator[Elasticsearch]:
    """Elasticsearch. Who stops or kills it starts it again."""
    yield from _running(Elasticsearch, ground_folder)


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a database with the newest schema and no rows."""
    name = f"test_{uuid4().hex}"
    migrate_postgres(postgres.create_database(name))
    return name


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """A database with the newest schema and no rows."""
    name = f"test_{uuid4().hex}"
    yield postgres.create_database(name, postgres_template)
    postgres.drop_database(name)


@pytest.fixture
def empty_postgres_url(postgres: Postgres) -> Iterator[str]:
    """A database without tables."""
    name = f"test_{uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def redis_numbers() -> Iterator[int]:
    """Numbers of Redis databases, each once in a round; 0 is left to those who use the server itself."""
    return itertools.cycle(range(1, DATABASES))


@pytest.fixture
def redis_url(redis_server: RedisServer, redis_numbers: Iterator[int]) -> str:
    """An empty Redis database."""
    url = redis_server.url_of(next(redis_numbers))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def amqp_url(rabbitmq: RabbitMQ) -> Iterator[str]:
    """An empty virtual host."""
    name = f"test-{uuid4().hex}"
    yield rabbitmq.create_vhost(name)
    rabbitmq.drop_vhost(name)


@pytest.fixture
def s3_url(s3: S3) -> str:
    """An empty bucket; `s3.credentials` has the keys."""
    return s3.create_bucket(f"test-{uuid4().hex}")


@pytest.fixture
def s3_settings(s3: S3, s3_url: str, tmp_path: Path) -> Settings:
    """Blobs in an empty bucket, all else embedded."""
    return Settings.from_environment(
        {"BLOB_URL": s3_url, "MOOTION_DATA_DIR": str(tmp_path), **s3.credentials}
    )
