"""Runs one proof on fresh ground and tells how it ended."""

import asyncio
import tempfile
import time
import traceback
from pathlib import Path

from proofs.ground import Mode, Size
from proofs.numbers import CannotRun, Line, Numbers
from proofs.registry import Proof
from proofs.stand import Stand


def run(proof: Proof, mode: Mode, seed: int, size: Size, stand: Stand) -> Line:
    """Runs a proof. One that raises has failed; one that cannot run here is skipped with the reason."""
    began = time.monotonic()
    try:
        numbers = asyncio.run(_prove(proof, mode, seed, size, stand))
    except CannotRun as reason:
        return Line(proof.id, mode, size, seed, time.monotonic() - began, skipped=str(reason))
    except Exception as error:
        traceback.print_exc()
        broken = (f"{type(error).__name__}: {error}",)
        return Line(proof.id, mode, size, seed, time.monotonic() - began, broken=broken)
    return Line(
        proof.id,
        mode,
        size,
        seed,
        time.monotonic() - began,
        numbers.n,
        not numbers.broken,
        numbers=numbers.values,
        broken=tuple(numbers.broken),
    )


async def _prove(proof: Proof, mode: Mode, seed: int, size: Size, stand: Stand) -> Numbers:
    _, prove = proof.load()
    with tempfile.TemporaryDirectory(prefix=f"mootion-{proof.id.lower()}-") as folder:
        async with stand.ground(mode, Path(folder)) as ground:
            numbers = await prove(ground, seed, size)
            if "ELASTICSEARCH_URL" in ground.urls:
                numbers.measured(index="Elasticsearch")
            return numbers
