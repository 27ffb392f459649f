"""Whole systems on a ground: everything that `mootion up` runs, with its edge."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from mesh.config import Settings
from mesh.runtime import Runtime, open_runtime
from proofs.ground import Ground
from tests.e2e import system as local
from tests.e2e.full_system import FullSystem
from tests.e2e.system import LocalSystem


def start(
    ground: Ground, name: str = "system", *, also: Mapping[str, str] | None = None, **settings: Any
) -> LocalSystem:
    """A system on these stores, all services in one process behind its edge; returns when it answers.

    Args:
        also: variables of its environment as they are.
        settings: variables by what follows MOOTION_ in their names.
    """
    folder = ground.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    variables = {f"MOOTION_{key.upper()}": value for key, value in settings.items()}
    environment = {**ground.environment(f"{name}/data", **variables), **(also or {})}
    return local.start_again(environment, folder)


@asynccontextmanager
async def beside(system: LocalSystem | FullSystem, workload: str) -> AsyncIterator[Runtime]:
    """The stores and services of a running system, as a workload of it has them."""
    settings = Settings.from_environment({**system.environment, "MOOTION_LOG_LEVEL": "error"})
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    with (settings.log_dir / f"{workload}-of-proof.log").open("a") as log:
        async with open_runtime(settings, workload, log=log) as runtime:
            yield runtime
