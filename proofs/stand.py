"""Opens the ground of a proof."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from proofs.ground import Ground, Mode
from proofs.numbers import CannotRun


@asynccontextmanager
async def standing(mode: Mode, folder: Path) -> AsyncIterator[Ground]:
    """Empty stores for one proof, gone when the block ends.

    Raises:
        CannotRun: the real servers are not there.
    """
    if mode is Mode.FULL:
        raise CannotRun("the real servers are not built yet")
    yield Ground(mode, folder)
