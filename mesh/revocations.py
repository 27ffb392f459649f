"""Sessions that were ended before their tokens."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from mootion.identity.v1 import key_service_pb2

from mesh.access_token import LIFETIME_SECONDS
from mesh.errors import CallError

if TYPE_CHECKING:
    # Known to the stubs alone.
    from mootion.identity.v1.key_service_pb2_grpc import KeyServiceAsyncStub

GOOD_FOR_SECONDS = 1.0
FORGET_SECONDS = 2 * LIFETIME_SECONDS

log = structlog.get_logger(__name__)


@dataclass
class Revocations:
    """What the identity service says of sessions, at most a second late while it answers.

    Args:
        monotonic: seconds of a clock that never goes back.
    """

    stub: "KeyServiceAsyncStub"
    monotonic: Callable[[], float] = time.monotonic
    _ended: dict[str, float] = field(default_factory=dict)
    _position: int = 0
    _asked_at: float = float("-inf")
    _asking: "asyncio.Task[None] | None" = None

    async def has(self, session_id: str) -> bool:
        """Whether the session was ended."""
        if self.monotonic() - self._asked_at > GOOD_FOR_SECONDS:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())
            await asyncio.shield(self._asking)
        return session_id in self._ended

    async def _ask(self) -> None:
        request = key_service_pb2.GetRevocationsRequest(after=self._position)
        try:
            answer = await self.stub.GetRevocations(request)
        except CallError:
            # Tokens end by themselves within ten minutes; a mesh that stops with its identity service would be worse.
            log.warning("revocations_not_renewed", exc_info=True)
        else:
            self._remember(answer.session_ids)
            self._position = answer.position
        self._asked_at = self.monotonic()

    def _remember(self, session_ids: Iterable[str]) -> None:
        """Adds sessions, and forgets those whose last token has ended by itself."""
        now = self.monotonic()
        for session_id in session_ids:
            self._ended.setdefault(session_id, now)
        while self._ended:
            first, heard_at = next(iter(self._ended.items()))
            if now - heard_at <= FORGET_SECONDS:
                break
            del self._ended[first]
