"""Going on with a watch where it was, at another replica or after a broken connection."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from mesh.in_flight import RESUME_KEY
from mesh.policy import AFTER_SEQUENCE, Method

# Twelve seconds in all: a service that starts again is back by then.
MOST_ATTEMPTS = 7
FIRST_PAUSE_SECONDS = 0.1


class Resumption:
    """What a watch has seen, and the request that gets the rest.

    Args:
        method: a method that is `resumable`.
    """

    def __init__(self, method: Method, request: Any) -> None:
        self._resource = _resource_of(method.output)
        self._request = request
        self._seen = 0

    def saw(self, reply: Any) -> None:
        """Notes the sequence number of the resource in a reply."""
        self._seen = getattr(reply, self._resource).sequence

    def request(self) -> Message:
        """The request for what comes after the last reply."""
        if not self._seen:
            given: Message = self._request
            return given
        asked: Any = type(self._request)()
        asked.CopyFrom(self._request)
        setattr(asked, AFTER_SEQUENCE, self._seen)
        resumed: Message = asked
        return resumed


def handed_over(trailing_metadata: Iterable[tuple[str, str | bytes]] | None) -> bool:
    """Whether a watch that ended well is to be gone on with."""
    return any(key == RESUME_KEY for key, _ in trailing_metadata or ())


def _resource_of(reply: Descriptor) -> str:
    """The field of a watch's reply that holds the resource with its sequence number."""
    return next(
        field.name
        for field in reply.fields
        if field.message_type is not None and "sequence" in field.message_type.fields_by_name
    )
