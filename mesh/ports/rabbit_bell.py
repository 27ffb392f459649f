"""Wakes workers that wait for a job when the relay has published one."""

import asyncio

from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from mesh.ports.rabbit_link import Session
from mesh.ports.rabbit_topology import BELL, URGENT, declare_bell


class Bells:
    """Listens for as many topics as are asked for, by a queue of this session's own that keeps nothing."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._queue: AbstractQueue | None = None
        self._topics: set[str] = set()
        self._opening = asyncio.Lock()
        self._rung: dict[str, int] = {}
        self._urgent: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        session.when_lost(self._ring_all)

    async def listen(self, topic: str) -> int:
        """How often the bell of a topic rang so far, to be read before looking for jobs."""
        async with self._opening:
            if topic not in self._topics:
                await self.session.ask(self._add(topic))
                self._topics.add(topic)
        return self._rung.get(topic, 0)

    def urgent(self, topic: str) -> int:
        """How often it rang for urgent jobs so far."""
        return self._urgent.get(topic, 0)

    async def wait(self, topic: str, rung: int, timeout_seconds: float) -> bool:
        """Returns when the bell rang after `rung` was read, when the session is lost, or when the time is up.

        False: only the time was up.
        """
        if self._rung.get(topic, 0) != rung or self.session.lost.is_set():
            return True
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(topic, set()).add(waiting)
        try:
            await asyncio.wait([waiting], timeout=timeout_seconds)
        finally:
            self._waiting[topic].discard(waiting)
        return not waiting.cancel()

    async def _add(self, topic: str) -> None:
        if self._queue is None:
            await declare_bell(self.session.channel)
            self._queue = await self.session.channel.declare_queue(exclusive=True, auto_delete=True)
            await self._queue.consume(self._on_message, no_ack=True)
        await self._queue.bind(BELL, topic)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        topic = message.routing_key or ""
        if message.body == URGENT:
            self._urgent[topic] = self._urgent.get(topic, 0) + 1
        self._ring(topic)

    def _ring(self, topic: str) -> None:
        self._rung[topic] = self._rung.get(topic, 0) + 1
        for waiting in self._waiting.get(topic, ()):
            if not waiting.done():
                waiting.set_result(None)

    def _ring_all(self) -> None:
        for topic in list(self._waiting):
            self._ring(topic)
