"""All servers of one ground together, and the environment by which Mootion uses them."""

import os
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ground.postgres import Postgres
from ground.postgres_replica import PostgresReplica
from ground.rabbitmq import RabbitMQ
from ground.redis_server import RedisServer
from ground.s3 import S3
from ground.server import Server
from tests.elasticsearch.node import Elasticsearch

KINDS: Mapping[str, type[Server]] = {
    kind.name: kind for kind in (Postgres, PostgresReplica, RedisServer, RabbitMQ, S3, Elasticsearch)
}
USUAL = (Postgres.name, RedisServer.name, RabbitMQ.name, S3.name)


class Servers:
    """Those of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def environment_file(self) -> Path:
        """A file for `.` of a shell that sets the variables of the servers that run."""
        return self._folder / "environment"

    def all(self) -> Sequence[Server]:
        """Those that were ever started in this folder."""
        return [kind(self._folder) for name, kind in KINDS.items() if (self._folder / name).exists()]

    def up(self, names: Sequence[str]) -> Mapping[str, float]:
        """Starts servers, a replica after its primary and the others at the same time.

        Returns:
            Seconds each took.

        Raises:
            ServerError: one does not come up; the others are left as they are.
        """
        chosen = [KINDS[name](self._folder) for name in names]
        first = [server for server in chosen if not isinstance(server, PostgresReplica)]
        rest = [server for server in chosen if isinstance(server, PostgresReplica)]
        seconds: dict[str, float] = {}
        with ThreadPoolExecutor(max_workers=len(first) or 1) as pool:
            started = {server.name: pool.submit(server.start) for server in first}
            seconds |= {name: task.result() for name, task in started.items()}
        for server in rest:
            seconds[server.name] = server.start()
        self._write_environment()
        return seconds

    def down(self) -> Sequence[str]:
        """Stops every server, the replica before its primary. Returns the names of those that ran."""
        running = [server for server in reversed(self.all()) if server.running]
        for server in running:
            server.stop()
        self.environment_file.unlink(missing_ok=True)
        return [server.name for server in running]

    def variables(self) -> Mapping[str, str]:
        """The environment variables of the servers that run."""
        found: dict[str, str] = {}
        for server in self.all():
            if server.running:
                found |= server.variables
        return found

    def _write_environment(self) -> None:
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in self.variables().items()]
        with open(os.open(self.environment_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(lines)
