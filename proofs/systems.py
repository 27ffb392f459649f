"""Whole systems on a ground: everything that `mootion up` runs, with its edge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mesh.config import Settings
from mesh.runtime import Runtime, open_runtime
from proofs.ground import Ground
from proofs.numbers import CannotRun
from tests.e2e import system as local
from tests.e2e.system import LocalSystem


def start(ground: Ground, name: str = "system", **settings: Any) -> LocalSystem:
    """A system on these stores; returns when its edge answers."""
    if not ground.is_embedded:
        raise CannotRun("a whole system on real servers is not wired up yet")
    return local.start(ground.folder / name, **settings)


@asynccontextmanager
async def beside(system: LocalSystem, workload: str) -> AsyncIterator[Runtime]:
    """The stores and services of a running system, as a workload of it has them."""
    settings = Settings.from_environment({**system.environment, "MOOTION_LOG_LEVEL": "error"})
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    with (settings.log_dir / f"{workload}-of-proof.log").open("a") as log:
        async with open_runtime(settings, workload, log=log) as runtime:
            yield runtime
