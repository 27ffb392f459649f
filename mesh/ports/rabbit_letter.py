"""A message that a worker took, until it is settled."""

import asyncio
from contextlib import suppress

from aio_pika.abc import AbstractIncomingMessage

from mesh.ports.rabbit_link import RabbitUnavailable, Session
from mesh.ports.rabbit_topology import Notice


class Letter:
    """One delivery of a message, on the session that it came by.

    Args:
        session: once it is lost, the broker gives the message to somebody else.
    """

    def __init__(self, session: Session, message: AbstractIncomingMessage) -> None:
        self._session = session
        self._message = message
        self._received = asyncio.get_running_loop().time()
        self.notice = Notice.read(message)
        self.id = message.message_id or ""

    @property
    def is_redelivered(self) -> bool:
        """Whether somebody had the message before and did not settle it."""
        return bool(self._message.redelivered)

    @property
    def is_settled(self) -> bool:
        """Whether it is out of the queue."""
        return self._message.processed

    @property
    def age_seconds(self) -> float:
        """How long it has been held."""
        return asyncio.get_running_loop().time() - self._received

    async def settle(self) -> None:
        """Removes the message from its queue. Where the session is lost, whoever gets it next does."""
        if not self._session.lost.is_set() and not self.is_settled:
            with suppress(RabbitUnavailable):
                await self._session.ask(self._message.ack())
