"""A lost session ends what was held, and leaves no order to stop behind."""

import asyncio
from typing import Any

import pytest

from mesh.ports.failures import StorageUnavailable
from mesh.ports.postgres_holds import PostgresHolds


class Connection:
    """Answers every question with yes until it is lost."""

    closed = True
    is_lost = False

    async def execute(self, statement: str, parameters: object) -> "Connection":
        if self.is_lost:
            raise OSError("gone")
        return self

    async def fetchone(self) -> tuple[bool]:
        return (True,)

    async def close(self) -> None:
        self.is_lost = True


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setattr("mesh.ports.postgres_holds.HEARTBEAT_SECONDS", 0.01)
    return Connection()


def holds(connection: Any) -> PostgresHolds:
    async def connect() -> Any:
        return connection

    return PostgresHolds(connect)


async def test_a_lost_session_ends_the_block_as_unavailable(connection: Connection) -> None:
    with pytest.raises(StorageUnavailable, match="another process may hold it"):
        async with holds(connection).holding("relay"):
            connection.is_lost = True
            await asyncio.sleep(60)
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0


async def test_a_block_that_fails_while_it_is_ended_is_not_told_to_stop_for_ever(
    connection: Connection,
) -> None:
    with pytest.raises(ValueError, match="on the way out"):
        async with holds(connection).holding("relay"):
            connection.is_lost = True
            try:
                await asyncio.sleep(60)
            finally:
                raise ValueError("on the way out")
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0
