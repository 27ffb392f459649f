"""Removes attempts that have been kept long enough. Their ids tell when they began, so no other index is needed."""

import asyncio
import random
from collections.abc import Callable

import structlog

from mesh.ids import lowest_at
from mesh.ports.retention import remove
from mesh.ports.sql import Database
from services.quiz.store import attempts

DAY_SECONDS = 86_400.0
SWEEP_SECONDS = 3600.0

log = structlog.get_logger(__name__)


async def sweep(database: Database, before: float) -> int:
    """Removes the attempts that began before a time in seconds since 1970, a thousand in each transaction; tells how
    many."""
    return await remove(database, attempts, attempts.c.attempt_id < lowest_at(before))


async def sweep_always(database: Database, now: Callable[[], float], kept_days: int) -> None:
    """Sweeps about once an hour until cancelled; returns at once where attempts are kept for good (0 days)."""
    while kept_days:
        await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.5, 1.5))
        try:
            removed = await sweep(database, now() - kept_days * DAY_SECONDS)
        except OSError:
            log.warning("attempt_retention_failed", exc_info=True)
        else:
            log.info("attempt_retention_swept", rows=removed)
