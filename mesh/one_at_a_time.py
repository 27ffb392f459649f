"""Works on one job at a time of all the consumers of a process."""

import asyncio
from collections import deque
from collections.abc import Sequence

from mesh.consuming import Consuming, rest
from mesh.ports.queue import Lease

_Taken = tuple[Consuming, Lease]


class OneAtATime:
    """Takes a job for each consumer in its turn, and no other meanwhile: a job that ends the process takes no other
    with it, whose attempts would count. Nothing is taken that is not worked on, unless two jobs come at one moment.
    """

    def __init__(self, consumers: Sequence[Consuming]) -> None:
        self._turns = deque(consumers)

    async def run(self, until: asyncio.Event) -> None:
        """Returns after the stop, when no job is leased any more."""
        failures = 0
        while not until.is_set():
            try:
                taken = await self._at_hand(until) or await self._next_to_come(until)
            except OSError:
                failures += 1
                await rest(failures, until)
                continue
            failures = 0
            if taken is not None:
                consumer, lease = taken
                self._turns.remove(consumer)
                self._turns.append(consumer)
                await consumer.work(lease, until)

    async def _at_hand(self, until: asyncio.Event) -> _Taken | None:
        for consumer in self._turns:
            lease = await consumer.take(until, 0.0)
            if lease is not None:
                return consumer, lease
        return None

    async def _next_to_come(self, until: asyncio.Event) -> _Taken | None:
        """Waits for a job of any consumer. Those that come beside the first go back at once."""
        over = asyncio.Event()
        takes = {asyncio.create_task(consumer.take(over)): consumer for consumer in self._turns}
        stop = asyncio.create_task(until.wait())
        try:
            await asyncio.wait([*takes, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.set()
            stop.cancel()
            await asyncio.wait(takes)
            taken = _taken(takes)
            for consumer, lease in taken if until.is_set() else taken[1:]:
                await consumer.give_back(lease)
        if until.is_set():
            return None
        if not taken:
            _raise_failure(takes)
        return taken[0] if taken else None


def _taken(takes: dict["asyncio.Task[Lease | None]", Consuming]) -> list[_Taken]:
    found = []
    for take, consumer in takes.items():
        lease = None if take.exception() else take.result()
        if lease is not None:
            found.append((consumer, lease))
    return found


def _raise_failure(takes: dict["asyncio.Task[Lease | None]", Consuming]) -> None:
    for take in takes:
        take.result()
