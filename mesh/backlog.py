"""How much work and how many events wait, measured while a service runs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesh.runtime import Runtime

SAMPLE_SECONDS = 5.0


@dataclass(frozen=True)
class Backlog:
    """The queues and subscriptions of a service, sampled every `SAMPLE_SECONDS`.

    Processes that sample the same one say the same; take the highest of them.
    """

    runtime: "Runtime"
    queues: Sequence[str]
    subscriptions: Sequence[str]

    async def measure(self) -> None:
        """Samples until cancelled.

        Raises:
            OSError: a store does not answer.
        """
        while True:
            await self.sample()
            await asyncio.sleep(SAMPLE_SECONDS)

    async def sample(self) -> None:
        """Measures once."""
        metrics, queue, events = self.runtime.telemetry.metrics, self.runtime.queue, self.runtime.events
        for topic in self.queues:
            metrics.queue_depth.labels(topic).set(await queue.depth(topic))
            metrics.queue_age_seconds.labels(topic).set(await queue.age_seconds(topic))
        failed = set(await events.failed_subscriptions()) if self.subscriptions else set()
        for name in self.subscriptions:
            metrics.event_lag_seconds.labels(name).set(await events.lag_seconds(name))
            metrics.events_set_apart.labels(name).set(name in failed)
