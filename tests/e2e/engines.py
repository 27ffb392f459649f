"""Stores on real servers for one system of tests, with nothing in them."""

from uuid import uuid4

import pytest

from ground.postgres import Postgres
from ground.rabbitmq import RabbitMQ
from ground.redis_server import RedisServer
from ground.s3 import S3
from tests.e2e.full_system import Environment


def real_engines(request: pytest.FixtureRequest) -> Environment:
    """The variables of a database, a Redis, a virtual host, a bucket and, where a node can be assembled here, an index.
    Skips where a server cannot be installed."""
    postgres: Postgres = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("postgres_template")
    rabbitmq: RabbitMQ = request.getfixturevalue("rabbitmq")
    redis: RedisServer = request.getfixturevalue("redis_server")
    s3: S3 = request.getfixturevalue("s3")
    name = f"e2e-{uuid4().hex}"
    return {
        "DATABASE_URL": postgres.create_database(name.replace("-", "_"), template),
        "AMQP_URL": rabbitmq.create_vhost(name),
        "REDIS_URL": redis.url_of(next(request.getfixturevalue("redis_numbers"))),
        "BLOB_URL": s3.create_bucket(name),
        **s3.credentials,
        **_index(request),
    }


def _index(request: pytest.FixtureRequest) -> Environment:
    """The embedded index stands in for a node that cannot be assembled; its own tests say why they skip."""
    try:
        return dict(request.getfixturevalue("elasticsearch").variables)
    except pytest.skip.Exception:
        return {}
