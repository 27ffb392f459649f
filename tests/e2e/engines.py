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
    template: str = request.getfixturevalue("postgres_template")
    return {**real_stores(request, template), **_index(request)}


def real_stores(request: pytest.FixtureRequest, template: str = "template0") -> Environment:
    """The same without an index; the database has the tables of `template`, by default none."""
    postgres: Postgres = request.getfixturevalue("postgres")
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
    }


def _index(request: pytest.FixtureRequest) -> Environment:
    """The embedded index stands in for a node that cannot be assembled; its own tests say why they skip."""
    try:
        return dict(request.getfixturevalue("elasticsearch").variables)
    except pytest.skip.Exception:
        return {}
