"""Replies of calls that carried a request id, so that a repeat of the call gets the same reply."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredReply:
    """What a call was answered: the hash of its request's body and the serialized reply."""

    body_hash: bytes
    reply: bytes


class AlreadyRemembered(Exception):
    """Another call with the same principal, method and request id was committed first.

    Nothing of this unit of work was kept, and `Replies.recall` gives the reply of the other.
    """


class Replies(Protocol):
    """Memory of replies by principal, method and request id, kept for seven days."""

    async def recall(self, principal: str, method: str, request_id: str) -> StoredReply | None:
        """The reply stored for the request id, or None when there is none."""
        ...

    async def store(self, principal: str, method: str, request_id: str, stored: StoredReply) -> None:
        """Stores a reply outside of a unit of work, for handlers that change no rows.

        Raises:
            AlreadyRemembered: a reply is stored under the request id.
        """
        ...

    async def forget(self, principal: str) -> None:
        """Removes every reply to a principal, as when its account was erased."""
        ...


def place_of(principal: str, method: str, request_id: str) -> str:
    """What a reply is sealed for, where it holds secrets."""
    return f"reply:{principal} {method} {request_id}"
