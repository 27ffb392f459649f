"""Removes what has been kept long enough: replies, finished jobs and handled events, after a week."""

import asyncio
import random

import structlog
from sqlalchemy import ColumnElement, Table, and_, delete, select, tuple_

from mesh.ports.sql import Database
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.tables import JobState, queue_jobs, replies

KEPT_SECONDS = 7 * 86400.0
SWEEP_SECONDS = 3600.0
ROWS_AT_ONCE = 1000

log = structlog.get_logger(__name__)


async def sweep(database: SqlDatabase, kept_seconds: float = KEPT_SECONDS) -> int:
    """Removes rows older than `kept_seconds`, a thousand in each transaction; tells how many.

    An event goes only after every subscription has handled it, on PostgreSQL with all others of its partition.
    Dead letters and events set apart stay until they are replayed.
    """
    before = database.now() - kept_seconds
    old: list[tuple[Table, ColumnElement[bool]]] = [
        (replies, replies.c.time < before),
        (queue_jobs, and_(queue_jobs.c.finished < before, queue_jobs.c.state == JobState.DONE)),
    ]
    removed = sum([await remove(database, table, condition) for table, condition in old])
    return removed + await database.trim_log(before)


async def sweep_always(database: SqlDatabase) -> None:
    """Sweeps about once an hour until cancelled."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.5, 1.5))
        try:
            removed = await sweep(database)
        except OSError:
            log.warning("retention_failed", exc_info=True)
        else:
            log.info("retention_swept", rows=removed)


async def remove(database: Database, table: Table, condition: ColumnElement[bool]) -> int:
    """Removes rows, a thousand in each transaction; tells how many."""
    total = 0
    while True:
        key = list(table.primary_key.columns)
        old = select(*key).where(condition).limit(ROWS_AT_ONCE)
        async with database.transaction() as transaction:
            rows = (await transaction.execute(old)).all()
            if rows:
                await transaction.execute(delete(table).where(tuple_(*key).in_(rows)))
        total += len(rows)
        if len(rows) < ROWS_AT_ONCE:
            return total
