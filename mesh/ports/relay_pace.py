"""How often the relay looks into the database while one commit follows another."""

import asyncio

APART_SECONDS = 0.01


async def apart(looked: float) -> None:
    """Waits until ten milliseconds after the last look, by the clock of the loop.

    Where commits are rare the next look comes at once; where they are not, one look is for many.
    """
    await asyncio.sleep(max(0.0, looked + APART_SECONDS - asyncio.get_running_loop().time()))
