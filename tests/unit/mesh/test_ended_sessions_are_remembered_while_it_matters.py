"""What a process knows of sessions that were ended: asked for once a second, forgotten when no token is left."""

from collections.abc import Sequence
from typing import Any

import grpc
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import key_service_pb2 as messages

from mesh.errors import CallError
from mesh.revocations import FORGET_SECONDS, GOOD_FOR_SECONDS, Revocations


class Identity:
    """Answers with what it is told to say next."""

    def __init__(self) -> None:
        self.next: Sequence[str] | CallError = ()
        self.asked: list[int] = []

    async def GetRevocations(self, request: messages.GetRevocationsRequest) -> Any:
        self.asked.append(request.after)
        if isinstance(self.next, CallError):
            raise self.next
        said, self.next = self.next, ()
        return messages.GetRevocationsResponse(session_ids=said, position=request.after + len(said))


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def revocations() -> tuple[Revocations, Identity, Clock]:
    identity, clock = Identity(), Clock()
    return Revocations(identity, clock), identity, clock  # type: ignore[arg-type]


async def test_it_is_asked_once_a_second_from_where_it_was() -> None:
    known, identity, clock = revocations()
    identity.next = ["a", "b"]
    assert [await known.has(session) for session in ("a", "b", "c")] == [True, True, False]
    clock.seconds += GOOD_FOR_SECONDS + 0.1
    identity.next = ["c"]
    assert await known.has("c")
    assert identity.asked == [0, 2]


async def test_what_is_told_again_changes_nothing() -> None:
    known, identity, clock = revocations()
    for _ in range(3):
        identity.next = ["a"]
        assert await known.has("a")
        clock.seconds += GOOD_FOR_SECONDS + 0.1


async def test_a_session_is_remembered_longer_than_its_tokens_live_and_then_forgotten() -> None:
    known, identity, clock = revocations()
    identity.next = ["a"]
    assert await known.has("a")
    clock.seconds = FORGET_SECONDS
    identity.next = ["b"]
    assert await known.has("a")
    clock.seconds = FORGET_SECONDS + 2
    assert not await known.has("a")
    assert await known.has("b")


async def test_while_nobody_answers_it_goes_by_what_it_knows() -> None:
    known, identity, clock = revocations()
    identity.next = ["a"]
    assert await known.has("a")
    clock.seconds += GOOD_FOR_SECONDS + 0.1
    identity.next = CallError(
        grpc.StatusCode.UNAVAILABLE, reason_pb2.REASON_DEPENDENCY_UNAVAILABLE, "It does not answer."
    )
    assert await known.has("a")
    assert not await known.has("b")
