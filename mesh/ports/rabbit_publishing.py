"""Publishes many messages at once, and knows of each whether the broker has it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aio_pika import Message
from aio_pika.abc import AbstractExchange

from mesh.ports.rabbit_link import Session

CONFIRM_SECONDS = 10.0
LAST_SECONDS = 2.0


async def publish(
    session: Session, exchange: AbstractExchange, messages: Sequence[tuple[str, Message]], *, mandatory: bool
) -> list[bool]:
    """Publishes messages in order, each with its routing key; tells of each whether the broker confirmed it.

    A broker that is blocked, for want of memory or disk, is waited for. One that does not answer is given up,
    and the session with it.

    Args:
        mandatory: a message that no queue takes is not confirmed.
    """
    sending = [
        asyncio.ensure_future(exchange.publish(message, routing_key=key, mandatory=mandatory))
        for key, message in messages
    ]
    try:
        await _answered(session, sending)
    finally:
        for one in sending:
            one.cancel()
    # One that waits for a connection that is gone may not even notice that it was cancelled.
    await asyncio.wait(sending, timeout=LAST_SECONDS)
    return [one.done() and not one.cancelled() and one.exception() is None for one in sending]


async def _answered(session: Session, sending: "Sequence[asyncio.Future[Any]]") -> None:
    while True:
        _, pending = await asyncio.wait(sending, timeout=CONFIRM_SECONDS)
        if not pending:
            return
        if not await session.is_blocked():
            session.end()
            return
