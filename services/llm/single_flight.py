"""Equal requests at the same time share one call."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Flight(Generic[T]):
    task: "asyncio.Task[T]"
    waiters: int = 0


class SingleFlight(Generic[T]):
    """Runs work by key. Who asks for a key that is being worked on waits for that outcome, a failure too.

    The work runs in the context of the first. It goes on while anybody waits for it, and is cancelled when the last one
    is gone.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}

    async def run(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """The outcome of the work under this key, which is started where nobody does it."""
        flight = self._flights.get(key) or self._start(key, work)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            self._leave(key, flight)

    def _start(self, key: str, work: Callable[[], Awaitable[T]]) -> _Flight[T]:
        async def fly() -> T:
            return await work()

        flight = self._flights[key] = _Flight(asyncio.create_task(fly()))
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _leave(self, key: str, flight: _Flight[T]) -> None:
        flight.waiters -= 1
        if not flight.waiters and not flight.task.done():
            self._land(key, flight)
            flight.task.cancel()

    def _land(self, key: str, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
