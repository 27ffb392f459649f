"""A new data key, and everything that may change sealed again with it."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from mesh import secret_keys
from mesh.config import Settings
from mesh.ports.tables import audit_entries
from mesh.resealing import REPLIES, SealedColumn, reseal
from mesh.runtime import Runtime, open_runtime
from mesh.secret_keys import DATA_KEY, OLD_DATA_KEYS
from services.identity.sealed_columns import SEALED

COLUMNS: tuple[SealedColumn, ...] = (*SEALED, REPLIES)


@dataclass(frozen=True)
class Resealed:
    """What was sealed again, by column, and how many entries of the audit log only an old key opens: they are never
    changed."""

    counts: dict[str, int]
    audit_entries: int


async def rotate(settings: Settings, say: Callable[[str], None]) -> Resealed:
    """Makes a new key where the old one is in the data folder; with a key from the environment only seals again.

    Nothing may serve on the data folder meanwhile. Killed at any point it may be repeated: what an old key sealed is
    found and opened still.

    Raises:
        ConfigurationError, OSError: a key or the database cannot be read.
        Unreadable: a value was sealed with a key that is not here.
    """
    if settings.data_key is None:
        path = settings.key_dir / DATA_KEY
        if path.exists():
            secret_keys.replace(path, settings.key_dir / OLD_DATA_KEYS)
            say("There is a new data key; the old one stays beside it.")
    return await seal_again(settings)


async def seal_again(settings: Settings) -> Resealed:
    """Seals with the newest key what older ones sealed. Raises as `rotate`."""
    async with open_runtime(settings, "admin") as runtime:
        counts = {
            f"{column.table.name}.{column.name}": await reseal(runtime.database, runtime.sealer, column)
            for column in COLUMNS
        }
        return Resealed(counts, await _old_audit_entries(runtime))


async def _old_audit_entries(runtime: Runtime) -> int:
    async with runtime.database.reading() as reader:
        sealed = (await reader.execute(select(audit_entries.c.sealed_address))).scalars()
        return sum(not runtime.sealer.is_newest(value) for value in sealed)
