"""The relational store.

A transaction is a unit of work: rows, events and jobs change together or not at all.
"""

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from google.protobuf.message import Message
from mootion.event.v1 import event_pb2
from sqlalchemy import CursorResult, Executable, MetaData, Table

from mesh.ports.sql_outgoing import Insert


class Reader(Protocol):
    """A connection that sees one consistent state."""

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Runs one SQLAlchemy Core statement; with a list of mappings as parameters, once for each."""
        ...


class Transaction(Reader, Protocol):
    """A unit of work: all of it is committed together when the block ends without an exception.

    A row that is read by naming its columns stays as it is for others until the end; what is computed over
    rows (counts, sums) does not. Two units that read the same row first and then write follow each other.
    After a statement that failed, end the block by an exception: some databases take no further statement.
    """

    def insert(self, table: Table) -> Insert:
        """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`.

        A row that another unit of work may have added meanwhile is to be added so: looking first does not help.
        """
        ...

    def publish(self, event: event_pb2.Event) -> None:
        """Adds an event to the outbox. `event_id` and `time` are filled in where they are empty."""
        ...

    def enqueue(self, topic: str, body: Message, *, key: str, priority: int = 0) -> None:
        """Adds a job to the outbox.

        Two jobs of one topic with one `key` are one job, whichever came first.
        """
        ...

    def remember(self, reply: Message) -> None:
        """Stores the reply of the current call under its `request_id`, so that a repeat gets the same reply.

        Does nothing when the call carries no request id. A repeat that was committed first ends the
        transaction with `replies.AlreadyRemembered`.
        """
        ...


class Database(Protocol):
    """Where rows live."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Opens a unit of work that writes. Keep it short: SQLite has one writer at a time."""
        ...

    def reading(self, *, may_lag: bool = False) -> AbstractAsyncContextManager[Reader]:
        """Opens a connection for reading only.

        Args:
            may_lag: what is read may be up to ten seconds old, so that a replica can serve it. Not for what a
                caller has just written, nor for what decides about a write.
        """
        ...

    async def create_tables(self, metadata: MetaData) -> None:
        """Creates the tables of a service where they are missing."""
        ...

    async def close(self) -> None:
        """Ends all connections."""
        ...
