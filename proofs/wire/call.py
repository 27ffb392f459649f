"""One call as a table of cases names it, and what its caller heard, whatever path it took."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from google.protobuf import message_factory
from google.protobuf.message import Message

from mesh.policy import Method
from proofs.callers.endings import Ending


@dataclass(frozen=True)
class WireCall:
    """What is called, and how.

    Attributes:
        path: as gRPC calls it, such as `/mootion.quiz.v1.QuizService/GetQuiz`; also one that there is not.
        seconds: how long the caller waits; None for as long as it takes.
        cancel_after: seconds after which the caller gives up.
        compressed: whether the request is compressed, where the path can do that.
    """

    method: Method
    request: Message
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    seconds: float | None = None
    cancel_after: float | None = None
    compressed: bool = False

    @property
    def rpc_path(self) -> str:
        return self.path or self.method.path


@dataclass(frozen=True)
class Heard:
    """How a call ended, with the headers of the answer and what came after it.

    Attributes:
        http_status: of REST; 0 elsewhere.
    """

    ending: Ending
    headers: Mapping[str, str]
    trailers: Mapping[str, str] = field(default_factory=dict)
    http_status: int = 0


class WirePath(Protocol):
    """A way to call: native gRPC, gRPC-web, REST."""

    name: str

    async def call(self, call: WireCall) -> Heard | None:
        """Makes a call; None where this path cannot make such a call. Raises NotAStatus."""
        ...


def same_bytes(method: Method, reply: bytes | Message) -> bytes:
    """A reply in the one form in which equal messages are equal bytes."""
    if isinstance(reply, bytes):
        reply = message_factory.GetMessageClass(method.output).FromString(reply)
    return reply.SerializeToString(deterministic=True)
