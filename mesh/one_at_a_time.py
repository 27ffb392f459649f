"""Lets the consumers of a process work on one job between them."""

import asyncio


class OneAtATime:
    """Taken by the consumer that works. The others lease nothing meanwhile, so that a job that ends the process
    takes no other with it, whose attempts would count.
    """

    def __init__(self) -> None:
        self._free = asyncio.Event()
        self._free.set()
        self._taken = asyncio.Event()

    def take(self) -> bool:
        """Takes the turn. False: another consumer has it."""
        if self._taken.is_set():
            return False
        self._taken.set()
        self._free.clear()
        return True

    def give_back(self) -> None:
        """Ends the turn."""
        self._taken.clear()
        self._free.set()

    async def is_free(self) -> None:
        """Returns when nobody has the turn."""
        await self._free.wait()

    async def is_taken(self) -> None:
        """Returns when somebody has the turn."""
        await self._taken.wait()
