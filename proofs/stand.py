"""Opens the ground of a proof; real servers are started for the first that needs them and stay for the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from ground.server import ServerError
from mesh.migrations.apply import migrate_postgres
from proofs.ground import Ground, Mode
from proofs.numbers import CannotRun
from proofs.real_servers import RealServers


class Stand:
    """Where proofs stand one after the other.

    Args:
        folder: for the data of real servers; they end with this process.
        servers: take these instead of starting some; whoever gave them ends them.
        with_elasticsearch: the index is on a server too.
    """

    def __init__(
        self, folder: Path, servers: RealServers | None = None, *, with_elasticsearch: bool = False
    ) -> None:
        self._folder = folder
        self._with_elasticsearch = with_elasticsearch
        self._servers = servers
        self._are_mine = servers is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._servers is not None and self._are_mine:
            self._servers.kill()

    @asynccontextmanager
    async def ground(self, mode: Mode, folder: Path) -> AsyncIterator[Ground]:
        """Empty stores for one proof.

        Raises:
            CannotRun: the real servers do not start here.
        """
        if mode is Mode.EMBEDDED:
            yield Ground(mode, folder)
            return
        servers = self._started()
        servers.restore()
        name = f"proof_{uuid4().hex}"
        database_url = servers.postgres.create_database(name)
        migrate_postgres(database_url)
        urls = {
            "DATABASE_URL": database_url,
            "AMQP_URL": servers.rabbitmq.create_vhost(name),
            "REDIS_URL": servers.redis.url,
            "BLOB_URL": servers.s3.create_bucket(name.replace("_", "-")),
            **servers.s3.credentials,
        }
        if servers.elasticsearch is not None:
            servers.elasticsearch.remove_indexes()
            urls |= servers.elasticsearch.variables
        try:
            yield Ground(mode, folder, urls, servers)
        finally:
            servers.restore()
            servers.postgres.drop_database(name)
            servers.rabbitmq.drop_vhost(name)

    def _started(self) -> RealServers:
        if self._servers is None:
            self._servers = RealServers.of(self._folder, with_elasticsearch=self._with_elasticsearch)
            try:
                self._servers.restore()
            except ServerError as reason:
                raise CannotRun(f"the real servers do not start: {reason}") from reason
        return self._servers
