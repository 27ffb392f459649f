"""The calls that are being served now, so that a server that stops can end them with a reason."""

import asyncio

import grpc
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError

RETRY_AFTER_SECONDS = 1.0
# Key of an error's metadata: another server, or this one in a moment, may be asked again.
RESTARTING = "restarting"
# Trailing metadata of a watch that another replica goes on with; its value names the field to ask with.
RESUME_KEY = "mootion-resume"


class InFlight:
    """The tasks of a server's calls."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._watches: set[asyncio.Task[object]] = set()
        self.handing_over = False
        self.stopped = False

    def enter(self, *, watch: bool) -> asyncio.Task[object] | None:
        """Adds the task that runs; give what it returns to `leave`.

        Args:
            watch: its caller can go on at another replica.
        """
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            if watch:
                self._watches.add(task)
        return task

    def leave(self, task: asyncio.Task[object] | None) -> None:
        """Takes a task out again."""
        if task is not None:
            self._tasks.discard(task)
            self._watches.discard(task)

    def hand_over(self) -> None:
        """Cancels every watch; each ends well and tells its caller to go on elsewhere."""
        self.handing_over = True
        for task in tuple(self._watches):
            task.cancel()

    def stop(self) -> None:
        """Cancels every call; each ends with `stopping`."""
        self.stopped = True
        for task in tuple(self._tasks):
            task.cancel()


def stopping() -> CallError:
    """What a caller is told whose call the server could not finish before it stopped."""
    return CallError(
        grpc.StatusCode.UNAVAILABLE,
        reason_pb2.REASON_DEPENDENCY_UNAVAILABLE,
        "The server is being restarted and could not finish this call. Try again; a watch goes on where it was.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
        metadata={RESTARTING: "true"},
    )
