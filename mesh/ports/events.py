"""What happened, told to every service that subscribed, at least once and in order of commit."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mootion.event.v1 import event_pb2

Handler = Callable[[event_pb2.Event], Awaitable[None]]


@dataclass(frozen=True)
class EventFailure:
    """An event set apart: whose handler failed on it, how often, and how it failed last."""

    subscription: str
    event: event_pb2.Event
    attempts: int
    reason: str


class Events(Protocol):
    """Durable subscriptions to the events that transactions publish."""

    async def run(self, subscription: str, handler: Handler) -> None:
        """Hands every event to the handler, from where the subscription stands, until cancelled.

        A handler that raises is called again with the same event after a growing wait: for ever where
        something does not answer (an OSError, or a CallError of UNAVAILABLE or DEADLINE_EXCEEDED), otherwise
        five times; then the event is set apart and the next one's turn comes. The position is stored after
        the handler returned, so a handler must bear repeats. Run one subscription in as many processes as you
        like: one at a time hands out events.
        """
        ...

    async def wait_until_handled(self, subscription: str, timeout_seconds: float) -> bool:
        """Waits until the subscription has handled all that was committed before this call.

        False: not in time.
        """
        ...

    async def lag_seconds(self, subscription: str) -> float:
        """How long ago the oldest event that the subscription has not handled was committed; 0 where there is none."""
        ...

    async def failures(self, subscription: str) -> Sequence[EventFailure]:
        """Events set apart, oldest first, at most 1,000."""
        ...

    async def replay_failure(self, subscription: str, event_id: str) -> bool:
        """Has an event that was set apart handed to the handler again. False: there is none such."""
        ...

    async def failed_subscriptions(self) -> Sequence[str]:
        """Subscriptions that have events set apart, sorted."""
        ...

    async def drop_failure(self, subscription: str, event_id: str) -> bool:
        """Gives up an event that was set apart. False: there is none such."""
        ...
