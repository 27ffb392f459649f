"""The stores of a system, for commands that look into them while it runs or not."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from mesh.config import Settings

if TYPE_CHECKING:
    from mesh.ports.open_ports import Ports

T = TypeVar("T")


class StoresFailed(Exception):
    """A store is missing or does not answer; the message says which and what to do."""


def is_embedded(settings: Settings) -> bool:
    """Whether the database is a file of the data folder or one that DATABASE_URL names."""
    return not (settings.database_url or "").startswith("postgresql")


@asynccontextmanager
async def opened(settings: Settings) -> "AsyncIterator[Ports]":
    """Opens the stores that are there already.

    Raises:
        StoresFailed: there are none, or one does not answer.
        ConfigurationError: a URL is wrong, or the schema is not the one of this version.
    """
    if settings.database_url is None and not settings.database_path.exists():
        raise StoresFailed(
            f"There is no database in {settings.data_dir}. Set MOOTION_DATA_DIR to the folder of the system, or"
            " DATABASE_URL."
        )
    # Imported here: a command that is only asked for its help needs no adapters.
    from mesh.ports.open_ports import open_ports

    try:
        ports = await open_ports(settings)
        try:
            yield ports
        finally:
            await ports.close()
    except OSError as error:
        raise StoresFailed(f"{error.strerror or error}.") from error


def run(work: "Callable[[Ports], Awaitable[T]]") -> T:
    """Opens the stores that the environment names, does the work on them, and closes them.

    Raises:
        StoresFailed, ConfigurationError: see `opened`.
    """
    settings = Settings.from_environment(os.environ)

    async def on_stores() -> T:
        async with opened(settings) as ports:
            return await work(ports)

    return asyncio.run(on_stores())
