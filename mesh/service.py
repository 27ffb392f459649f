"""What a service is made of, as the server takes it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import ServiceDescriptor

if TYPE_CHECKING:
    from mesh.runtime import Runtime

AsgiApplication = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Servicer:
    """One gRPC service: its methods, the generated `add_XServicer_to_server`, and its descriptor."""

    implementation: object
    register: Callable[[Any, Any], None]
    descriptor: ServiceDescriptor


@dataclass(frozen=True)
class Parts:
    """Everything one service brings to the process that serves it.

    `start` is awaited before the first call is served, `stop` after the last. `tasks` run while the server does; one
    that fails is logged and started again. `http` is served beside gRPC, on the media port. `queues` are the topics
    whose depth and age this process measures, `subscriptions` those to events whose lag it measures.
    """

    name: str
    servicers: Sequence[Servicer]
    tasks: Sequence[Callable[[], Awaitable[None]]] = ()
    start: Callable[[], Awaitable[None]] | None = None
    stop: Callable[[], Awaitable[None]] | None = None
    http: AsgiApplication | None = None
    queues: Sequence[str] = ()
    subscriptions: Sequence[str] = ()


Build = Callable[["Runtime"], Parts]
