"""Real servers that run short: of disk for tables or for blobs, of memory, or of what they keep free of it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

from ground.postgres import ADMINISTRATOR, Postgres
from ground.rabbitmq import RabbitMQ
from ground.redis_server import RedisServer
from ground.s3 import S3
from proofs.faults.small_disk import SmallDisk, small_disk
from tests.integration.ports import broker

# Whom PostgreSQL runs as where root starts it.
NOBODY = 65534
TABLESPACE = "small"


@contextmanager
def tables_on_a_small_disk(postgres: Postgres, url: str, mebibytes: int) -> Iterator[SmallDisk]:
    """Moves a database that nobody uses to a disk of its own for the block; the log of the server stays where it is.

    The disk is in the folder of temporary files, which everybody may pass through: PostgreSQL does not run as root.

    Raises:
        CannotRun: mounting is not allowed.
    """
    name = sql.Identifier(urlsplit(url).path.lstrip("/"))
    move = sql.SQL("ALTER DATABASE {} SET TABLESPACE {}")
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    with (
        tempfile.TemporaryDirectory(prefix="mootion-tables-") as folder,
        small_disk(Path(folder), mebibytes, owner=owner) as disk,
    ):
        where = sql.SQL("CREATE TABLESPACE {} LOCATION {}")
        _administer(postgres, where.format(sql.Identifier(TABLESPACE), sql.Literal(folder)))
        try:
            _administer(postgres, move.format(name, sql.Identifier(TABLESPACE)))
            yield disk
        finally:
            _administer(postgres, move.format(name, sql.Identifier("pg_default")))
            _administer(postgres, sql.SQL("DROP TABLESPACE {}").format(sql.Identifier(TABLESPACE)))


def _administer(postgres: Postgres, statement: sql.Composed) -> None:
    with psycopg.connect(postgres.url_of("postgres", ADMINISTRATOR), autocommit=True) as session:
        session.execute(statement)


@contextmanager
def bucket_on_a_small_disk(s3: S3, url: str, mebibytes: int) -> Iterator[SmallDisk]:
    """Puts a disk where the server keeps the objects of an empty bucket.

    Raises:
        CannotRun: mounting is not allowed.
    """
    with small_disk(s3.home / "data" / str(urlsplit(url).hostname), mebibytes) as disk:
        yield disk


@contextmanager
def no_memory(server: RedisServer) -> Iterator[None]:
    """Redis takes nothing more for the block."""
    with redis.Redis.from_url(server.url) as client:
        before = {name: client.config_get(name)[name] for name in ("maxmemory", "maxmemory-policy")}
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1mb")
        try:
            yield
        finally:
            for name, value in before.items():
                client.config_set(name, value)


@contextmanager
def disk_alarm(rabbitmq: RabbitMQ) -> Iterator[None]:
    """RabbitMQ is to keep more of its disk free than there is, so it takes no messages for the block."""
    broker.control(rabbitmq, "set_disk_free_limit", "100000GB")
    try:
        yield
    finally:
        broker.control(rabbitmq, "set_disk_free_limit", "200MB")
