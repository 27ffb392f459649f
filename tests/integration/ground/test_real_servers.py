"""Servers that are started for tests and proofs keep what they are told, also when they are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from ground.kept import Kept
from ground.postgres import Postgres
from ground.rabbitmq import RabbitMQ
from ground.redis_server import RedisServer
from ground.servers import Servers


def test_a_database_survives_a_killed_server(postgres: Postgres, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as session:
        session.execute("CREATE TABLE note AS SELECT 42 AS value")
    postgres.kill()
    assert not postgres.running
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_url, connect_timeout=2)
    postgres.start()
    with psycopg.connect(postgres_url) as session:
        assert session.execute("SELECT value FROM note").fetchone() == (42,)


def test_redis_keeps_its_data_over_a_restart(redis_server: RedisServer, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("a", b"1")
        redis_server.restart()
        assert client.get("a") == b"1"


def test_each_test_has_an_empty_virtual_host(rabbitmq: RabbitMQ, amqp_url: str) -> None:
    assert rabbitmq.ask("GET", f"queues/{amqp_url.rpartition('/')[2]}") == []


def test_a_tethered_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    start = (
        "import os, signal; from pathlib import Path; from ground.redis_server import RedisServer;"
        f"RedisServer(Path({str(tmp_path)!r}), tethered=True).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", start], check=False, env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    server = RedisServer(tmp_path)
    until = time.monotonic() + 60
    while server.running and time.monotonic() < until:
        time.sleep(0.02)
    assert not server.running


def test_a_ground_that_is_started_again_has_the_same_addresses(tmp_path: Path) -> None:
    servers = Servers(tmp_path)
    servers.up(["redis"])
    first = servers.environment_file.read_text()
    assert servers.down() == ["redis"]
    assert servers.down() == []
    servers.up(["redis"])
    again = servers.environment_file.read_text()
    servers.down()
    assert first == again
    assert first.startswith("export REDIS_URL=redis://")


def test_no_two_servers_of_a_ground_get_the_same_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUND_PORTS", "20000-20009")
    kept = Kept(tmp_path)
    first = [kept.port(str(number)) for number in range(4)]
    assert len(set(first)) == 4
    assert [kept.port(str(number)) for number in range(4)] == first
