"""What happened, told to every service that subscribed, at least once and in order of commit."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from mootion.event.v1 import event_pb2

Handler = Callable[[event_pb2.Event], Awaitable[None]]


class Events(Protocol):
    """Durable subscriptions to the events that transactions publish."""

    async def run(self, subscription: str, handler: Handler) -> None:
        """Hands every event to the handler, from where the subscription stands, until cancelled.

        A handler that raises is called again with the same event after a growing wait; events it must not
        block on for ever it has to set apart itself. The position is stored after the handler returned, so a
        handler must bear repeats. Run one subscription in as many processes as you like: one at a time hands
        out events.
        """
        ...

    async def wait_until_handled(self, subscription: str, timeout_seconds: float) -> bool:
        """Waits until the subscription has handled all that was committed before this call.

        False: not in time.
        """
        ...
