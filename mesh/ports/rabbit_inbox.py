"""Takes messages of jobs, one at a time."""

import asyncio

from aio_pika.abc import AbstractChannel

from mesh.ports.rabbit_bell import Bells
from mesh.ports.rabbit_letter import Letter
from mesh.ports.rabbit_link import Session
from mesh.ports.rabbit_topology import declare_jobs, queue_name

# What nobody rings for, such as the message of a worker that died, is found by looking this often.
LOOK_SECONDS = 1.0


class Inbox:
    """The queues of jobs as one session sees them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.bells = Bells(session)
        self._declared: set[tuple[str, bool]] = set()
        self._free: list[AbstractChannel] = []
        self._no_urgent: dict[str, tuple[int, float]] = {}

    async def next(self, topic: str, *, peek: bool = False) -> Letter | None:
        """The next message of a topic, an urgent one first.

        Args:
            peek: asks first whether there is one, which unlike a look in vain writes nothing to the log of a
                quorum queue.

        Raises:
            RabbitUnavailable: the session was lost.
        """
        return await self._next_urgent(topic, peek=peek) or await self._take(topic, urgent=False, peek=peek)

    async def _next_urgent(self, topic: str, *, peek: bool) -> Letter | None:
        """Looks when the bell rang for urgent jobs, and now and then."""
        now, rung = asyncio.get_running_loop().time(), self.bells.urgent(topic)
        seen, looked = self._no_urgent.get(topic, (-1, now))
        if rung == seen and now < looked + LOOK_SECONDS and not peek:
            return None
        letter = await self._take(topic, urgent=True, peek=peek)
        if letter is None:
            self._no_urgent[topic] = rung, now
        return letter

    async def _take(self, topic: str, *, urgent: bool, peek: bool) -> Letter | None:
        if peek or (topic, urgent) not in self._declared:
            queue = await self.session.ask(declare_jobs(self.session.channel, topic, urgent=urgent))
            self._declared.add((topic, urgent))
            if not queue.declaration_result.message_count:
                return None
        channel = self._free.pop() if self._free else await self.session.open_channel()
        queue = await channel.get_queue(queue_name(topic, urgent=urgent), ensure=False)
        message = await self.session.ask(queue.get(fail=False, timeout=None))
        self._free.append(channel)
        return None if message is None else Letter(self.session, message)
