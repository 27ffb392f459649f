"""Whether a read replica of PostgreSQL is near enough to the primary to be read from."""

import asyncio
import time

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.ports.failures import StorageUnavailable
from mesh.ports.postgres_connections import connected
from mesh.ports.postgres_errors import typed_postgres_errors

MOST_LAG_SECONDS = 10.0
LOOK_SECONDS = 1.0
ANSWER_SECONDS = 1.0

# A standby that has replayed all it received is up to date as long as it is connected, however long ago that was.
_LAG = text("""
    SELECT CASE
        WHEN NOT pg_is_in_recovery() THEN 0
        WHEN EXISTS (SELECT FROM pg_stat_wal_receiver)
            AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
        ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 1e9)
    END
""")

log = structlog.get_logger(__name__)


class Replica:
    """Looks at most once a second how far the replica is behind.

    Args:
        engine: its pool.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._is_near = False
        self._looked = -LOOK_SECONDS
        self._looking = asyncio.Lock()

    async def is_near(self) -> bool:
        """Whether it answers and is at most ten seconds behind."""
        if time.monotonic() - self._looked < LOOK_SECONDS or self._looking.locked():
            return self._is_near
        async with self._looking:
            was_near, self._is_near = self._is_near, await self._look()
            self._looked = time.monotonic()
        if was_near != self._is_near:
            log.warning("replica_changed", used=self._is_near)
        return self._is_near

    def is_gone(self) -> None:
        """To be told when it failed in between."""
        self._is_near, self._looked = False, time.monotonic()

    async def _look(self) -> bool:
        try:
            with typed_postgres_errors():
                async with asyncio.timeout(ANSWER_SECONDS), connected(self.engine) as connection:
                    return float((await connection.execute(_LAG)).scalar_one()) <= MOST_LAG_SECONDS
        except (StorageUnavailable, TimeoutError):
            return False
