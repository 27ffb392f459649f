"""Remembered replies in memory, for unit tests."""

from mesh.ports.replies import AlreadyRemembered, StoredReply


class InMemoryReplies:
    """Keeps replies in a dictionary for as long as it lives."""

    def __init__(self) -> None:
        self._replies: dict[tuple[str, str, str], StoredReply] = {}

    async def recall(self, principal: str, method: str, request_id: str) -> StoredReply | None:
        """See `Replies.recall`."""
        return self._replies.get((principal, method, request_id))

    async def store(self, principal: str, method: str, request_id: str, stored: StoredReply) -> None:
        """See `Replies.store`."""
        self.add(principal, method, request_id, stored)

    def add(self, principal: str, method: str, request_id: str, stored: StoredReply) -> None:
        """Stores a reply.

        Raises:
            AlreadyRemembered: one is stored under the request id.
        """
        if self._replies.setdefault((principal, method, request_id), stored) is not stored:
            raise AlreadyRemembered(f"request id {request_id!r} was answered by another call")

    async def forget(self, principal: str) -> None:
        """See `Replies.forget`."""
        self._replies = {key: stored for key, stored in self._replies.items() if key[0] != principal}
