"""The partitions of the event log on PostgreSQL: made ahead of the transactions, dropped when all in them is old.

Each holds ten million transaction ids; `outbox_rest` takes what has none.
"""

from collections.abc import Callable

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.ports.postgres_connections import connected, hung_up_in_time
from mesh.ports.postgres_holds import lock_key

WIDTH = 10_000_000
AHEAD = 3

_ALONE = text("SELECT pg_try_advisory_xact_lock(:key)")
# Whoever waits to change partitions keeps every publisher waiting behind, so this one hardly waits at all.
_LOCK_WAIT = text("SET LOCAL lock_timeout = '300ms'")
_PRESENT = text("""
    SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'outbox'::regclass
""")
_NEXT = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint + ahead FROM log_epoch")
_HANDLED = text("SELECT min(transaction_id) FROM subscriptions")

log = structlog.get_logger(__name__)

Work = Callable[[Connection], list[str]]


async def change_partitions(engine: AsyncEngine, find: Work, change: Work) -> list[str]:
    """Runs `change` in one process at a time, where `find` finds something to do. Returns what was changed.

    What cannot be done now, because somebody uses the log for long, is left for the next time.
    """
    try:
        async with connected(engine) as connection:
            with hung_up_in_time(connection):
                if not await connection.run_sync(find):
                    return []
                await connection.execute(_LOCK_WAIT)
                if not (await connection.execute(_ALONE, {"key": lock_key("partitions")})).scalar_one():
                    return []
                changed = await connection.run_sync(change)
                await connection.commit()
                return changed
    except DBAPIError as error:
        log.warning("partitions_unchanged", error=type(error.orig).__name__)
        return []


def missing(connection: Connection, width: int = WIDTH) -> list[str]:
    """The partitions of the present and the next transactions that are not there."""
    present = _present(connection)
    first = connection.execute(_NEXT).scalar_one() // width
    return [name for n in range(first, first + AHEAD + 1) if (name := f"outbox_{n}") not in present]


def make_missing(connection: Connection, width: int = WIDTH) -> list[str]:
    """Makes them: beside the log and then put into it, which keeps publishers waiting less than making them inside."""
    names = missing(connection, width)
    for name in names:
        first = _number(name) * width
        connection.execute(text(f"CREATE TABLE {name} (LIKE outbox INCLUDING DEFAULTS INCLUDING INDEXES)"))
        bounds = f"FROM ({first}) TO ({first + width})"
        connection.execute(text(f"ALTER TABLE outbox ATTACH PARTITION {name} FOR VALUES {bounds}"))
    return names


def old(connection: Connection, before: float, width: int = WIDTH) -> list[str]:
    """The partitions in which every event was handled by all and is from before a time."""
    handled = connection.execute(_HANDLED).scalar() or 0
    numbered = [name for name in _present(connection) if name != "outbox_rest"]
    past = [name for name in sorted(numbered) if (_number(name) + 1) * width <= handled]
    return [name for name in past if _newest(connection, name) < before]


def drop_old(connection: Connection, before: float, width: int = WIDTH) -> list[str]:
    """Drops them."""
    names = old(connection, before, width)
    for name in names:
        connection.execute(text(f"DROP TABLE {name}"))
    return names


def _present(connection: Connection) -> set[str]:
    return set(connection.execute(_PRESENT).scalars())


def _number(name: str) -> int:
    return int(name.removeprefix("outbox_"))


def _newest(connection: Connection, name: str) -> float:
    return connection.execute(text(f"SELECT max(time) FROM {name}")).scalar() or 0.0
