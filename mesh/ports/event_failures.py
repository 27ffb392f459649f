"""Events set apart after their handler failed too often, in the table `event_failures`."""

from collections.abc import Sequence
from typing import Any

import structlog
from mootion.event.v1 import event_pb2
from sqlalchemy import ColumnElement, Row, Select, and_, delete, select, update

from mesh.ports.events import EventFailure, Handler
from mesh.ports.handling import MOST_ATTEMPTS, handle_until_done
from mesh.ports.outgoing import NewEvent
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.tables import event_failures

MOST_LISTED = 1000

_failures = event_failures.c

log = structlog.get_logger(__name__)


class EventFailures:
    """Keeps what was set apart until it is replayed and handled, whichever adapter hands out events."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    async def handle(self, subscription: str, new: NewEvent, handler: Handler) -> None:
        """Has an event handled, or sets it apart."""
        reason = await handle_until_done(subscription, new, handler)
        if reason is not None:
            await self._add(subscription, new, reason)

    async def handle_again(self, subscription: str, handler: Handler) -> None:
        """Has the events handled that `replay` was called for."""
        for row in await self._rows(self._oldest(subscription).where(_failures.asked_again.is_(True))):
            new = NewEvent(event_pb2.Event.FromString(row.body), row.headers)
            reason = await handle_until_done(subscription, new, handler)
            if reason is None:
                await self._database.change(delete(event_failures).where(_this(subscription, row.event_id)))
            else:
                await self._add(subscription, new, reason)

    async def listed(self, subscription: str) -> Sequence[EventFailure]:
        """See `Events.failures`."""
        rows = await self._rows(self._oldest(subscription))
        return [
            EventFailure(subscription, event_pb2.Event.FromString(row.body), row.attempts, row.reason)
            for row in rows
        ]

    async def replay(self, subscription: str, event_id: str) -> bool:
        """See `Events.replay_failure`."""
        asked = update(event_failures).where(_this(subscription, event_id)).values(asked_again=True)
        return (await self._database.change(asked)).rowcount == 1

    async def subscriptions(self) -> Sequence[str]:
        """See `Events.failed_subscriptions`."""
        names = select(_failures.subscription).distinct().order_by(_failures.subscription)
        return [row.subscription for row in await self._rows(names)]

    async def drop(self, subscription: str, event_id: str) -> bool:
        """See `Events.drop_failure`."""
        dropped = delete(event_failures).where(_this(subscription, event_id))
        return (await self._database.change(dropped)).rowcount == 1

    async def _add(self, subscription: str, new: NewEvent, reason: str) -> None:
        event_id = new.event.event_id
        log.error("event_set_apart", subscription=subscription, event_id=event_id, reason=reason)
        row = self._database.insert(event_failures).values(
            subscription=subscription,
            event_id=event_id,
            kind=new.event.WhichOneof("payload") or "",
            body=new.event.SerializeToString(),
            headers=dict(new.headers),
            attempts=MOST_ATTEMPTS,
            reason=reason,
            time=self._database.now(),
            asked_again=False,
        )
        again = {
            "attempts": _failures.attempts + MOST_ATTEMPTS,
            "reason": reason,
            "asked_again": False,
        }
        async with self._database.transaction() as transaction:
            await transaction.execute(
                row.on_conflict_do_update(index_elements=["subscription", "event_id"], set_=again)
            )

    def _oldest(self, subscription: str) -> Select[Any]:
        mine = select(event_failures).where(_failures.subscription == subscription)
        return mine.order_by(_failures.time, _failures.event_id).limit(MOST_LISTED)

    async def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._database.reading() as reader:
            return (await reader.execute(statement)).all()


def _this(subscription: str, event_id: str) -> ColumnElement[bool]:
    return and_(_failures.subscription == subscription, _failures.event_id == event_id)
