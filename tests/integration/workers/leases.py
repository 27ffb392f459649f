"""A job in a worker's hands, without a queue."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf.message import Message

from mesh.ports.queue import Lease


@dataclass
class HeldLease:
    """Never lost, whatever is done with it."""

    topic: str
    key: str
    body: bytes
    token: int = 1
    attempt: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)

    async def extend(self) -> bool:
        return True

    async def acknowledge(self) -> bool:
        return True

    async def retry(self, delay_seconds: float) -> bool:
        return True

    async def release(self) -> bool:
        return True

    async def reject(self, reason: str) -> bool:
        return True


def held(job: Message, token: int = 1) -> Lease:
    """A lease of a job."""
    return HeldLease("topic", "key", job.SerializeToString(), token)
