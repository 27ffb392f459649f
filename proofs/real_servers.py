"""The real servers of the full mode."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ground.postgres import Postgres
from ground.rabbitmq import RabbitMQ
from ground.redis_server import RedisServer
from ground.s3 import S3
from ground.server import Server
from tests.elasticsearch.node import Elasticsearch


@dataclass(frozen=True)
class RealServers:
    """One of each; a proof may kill, stop or pause them.

    A server that is tethered ends with the thread that started it, so one thread starts all, for as long as they are
    wanted.
    """

    postgres: Postgres
    rabbitmq: RabbitMQ
    redis: RedisServer
    s3: S3
    elasticsearch: Elasticsearch | None = None
    _keeper: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    @classmethod
    def of(cls, folder: Path, *, with_elasticsearch: bool = False) -> Self:
        """Those of a folder, not started. They end with this process."""
        return cls(
            Postgres(folder, tethered=True),
            RabbitMQ(folder, tethered=True),
            RedisServer(folder, tethered=True),
            S3(folder, tethered=True),
            Elasticsearch(folder, tethered=True) if with_elasticsearch else None,
        )

    @property
    def all(self) -> Sequence[Server]:
        """Every one of them."""
        usual = (self.postgres, self.rabbitmq, self.redis, self.s3)
        return usual if self.elasticsearch is None else (*usual, self.elasticsearch)

    def restore(self) -> None:
        """Starts those that do not run.

        Raises:
            ServerError: one does not come up.
        """
        for server in self.all:
            self._keeper.submit(server.start).result()

    async def start(self, server: Server) -> float:
        """Starts one again after a proof ended it; seconds until it answered."""
        return await asyncio.wrap_future(self._keeper.submit(server.start))

    def kill(self) -> None:
        """Ends all of them at once."""
        for server in self.all:
            server.kill()
        self._keeper.shutdown()
