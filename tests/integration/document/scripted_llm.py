"""An llm service that says what a test tells it to say."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from mootion.llm.v1 import llm_service_pb2
from mootion.llm.v1 import llm_service_pb2_grpc as rpc

from mesh.runtime import Runtime
from mesh.service import Parts, Servicer

SERVICE = llm_service_pb2.DESCRIPTOR.services_by_name["LlmService"]
Reply = Message | Callable[[Any], Any]


@dataclass
class ScriptedLlm:
    """Replies by method name: a message, or a function of the request that may be awaited. Keeps the requests."""

    replies: dict[str, Reply] = field(default_factory=dict)
    requests: list[Any] = field(default_factory=list)

    def build(self, runtime: Runtime) -> Parts:
        """For `running`."""
        methods = {method.name: self._method(method.name) for method in SERVICE.methods}
        servicer = type("Scripted", (rpc.LlmServiceServicer,), methods)()
        return Parts("llm", [Servicer(servicer, rpc.add_LlmServiceServicer_to_server, SERVICE)])

    def _method(self, name: str) -> Callable[..., Any]:
        async def answer(_servicer: object, request: Any, _context: object) -> Any:
            self.requests.append(request)
            reply = self.replies[name]
            if isinstance(reply, Message):
                return reply
            said = reply(request)
            return said if isinstance(said, Message) else await said

        return answer
