"""The event log in the database: the outbox is the log, a subscription is a position in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mootion.event.v1 import event_pb2
from sqlalchemy import ColumnElement, Row, Select, and_, literal, or_, select, tuple_

from mesh.ports.outgoing import NewEvent
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.tables import outbox, subscriptions

BATCH = 64


@dataclass(frozen=True, order=True)
class Position:
    """A place in the log: the transaction of an event and its number. Events come in this order."""

    transaction_id: int = 0
    seq: int = 0


@dataclass(frozen=True)
class LoggedEvent:
    """An event and its place in the log."""

    position: Position
    new: NewEvent


@dataclass(frozen=True)
class Batch:
    """The next events of the log, in order.

    `is_unsettled`: there are more that cannot be read yet, because a transaction that began before theirs is
    open still; look again soon, as its end may wake nobody.
    """

    events: Sequence[LoggedEvent]
    is_unsettled: bool


class SqlLog:
    """Reads the log in order of commit, and keeps how far each subscription has read.

    PostgreSQL gives out numbers before commits, so that a reader which went by them would skip a commit that
    came late. There the order is that of the transactions, and only those are read before which none is open.
    """

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    async def after(self, position: Position, limit: int = BATCH) -> Batch:
        """The events behind a position."""
        async with self._database.reading() as reader:
            rows = (await reader.execute(following(self._database.oldest_open, position, limit))).all()
        settled = [_logged(row) for row in rows if row.is_settled]
        return Batch(settled, len(settled) < len(rows))

    async def time_after(self, position: Position) -> float | None:
        """When the event that follows a position was published, in seconds since 1970; None where none follows."""
        async with self._database.reading() as reader:
            row = (await reader.execute(following(self._database.oldest_open, position, 1))).first()
        return None if row is None else float(row.time)

    async def end(self) -> Position:
        """The position of the last event committed so far."""
        order = [column.desc() for column in _order(self._database.oldest_open)]
        last = select(outbox.c.transaction_id, outbox.c.seq).order_by(*order).limit(1)
        async with self._database.reading() as reader:
            row = (await reader.execute(last)).first()
        return Position() if row is None else Position(row.transaction_id, row.seq)

    async def position(self, subscription: str) -> Position:
        """How far a subscription has read; before the first event where there is none."""
        columns = (subscriptions.c.transaction_id, subscriptions.c.position)
        stored = select(*columns).where(subscriptions.c.name == subscription)
        async with self._database.reading() as reader:
            row = (await reader.execute(stored)).first()
        return Position() if row is None else Position(row.transaction_id, row.position)

    async def move(self, subscription: str, position: Position) -> None:
        """Stores how far a subscription has read; it never goes back."""
        values = {"transaction_id": position.transaction_id, "position": position.seq}
        row = self._database.insert(subscriptions).values(name=subscription, **values)
        await self._database.change(
            row.on_conflict_do_update(index_elements=["name"], set_=values, where=_is_before(position))
        )


def following(oldest_open: ColumnElement[int] | None, position: Position, limit: int) -> Select[Any]:
    """The rows behind a position, with whether none can come before them any more."""
    if oldest_open is None:
        statement = select(outbox, literal(True).label("is_settled")).where(outbox.c.seq > position.seq)
    else:
        is_settled = (outbox.c.transaction_id < oldest_open).label("is_settled")
        behind = tuple_(*_order(oldest_open)) > tuple_(
            literal(position.transaction_id), literal(position.seq)
        )
        statement = select(outbox, is_settled).where(behind)
    return statement.order_by(*_order(oldest_open)).limit(limit)


def _order(oldest_open: ColumnElement[int] | None) -> tuple[ColumnElement[int], ...]:
    return (outbox.c.seq,) if oldest_open is None else (outbox.c.transaction_id, outbox.c.seq)


def _is_before(position: Position) -> ColumnElement[bool]:
    stored = subscriptions.c
    same = and_(stored.transaction_id == position.transaction_id, stored.position < position.seq)
    return or_(stored.transaction_id < position.transaction_id, same)


def _logged(row: Row[Any]) -> LoggedEvent:
    new = NewEvent(event_pb2.Event.FromString(row.body), row.headers)
    return LoggedEvent(Position(row.transaction_id, row.seq), new)
