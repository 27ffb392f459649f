"""Typed clients of other services: deadline, identity, trace and retries come from the contract and the call served."""

import asyncio
import json
import random
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, TypeVar, cast

import grpc

from mesh import addresses, policy
from mesh.circuits import Circuits
from mesh.outgoing import Identity, OutgoingMethod, ReplyStream, RequestSource, UnaryReply
from mesh.signature import Signer
from mesh.telemetry import Telemetry

MAX_MESSAGE_BYTES = 64 * 1024 * 1024

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # The mesh repeats calls by their policy; a second layer below it would multiply them.
    ("grpc.enable_retries", 0),
    # A peer that stopped answering without a word is given up after 15 seconds.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
_BALANCED: dict[str, Any] = {"loadBalancingConfig": [{"round_robin": {}}]}
# The empty name stands for the whole server: one that says NOT_SERVING gets no new calls.
_HEALTHY_ONLY = {**_BALANCED, "healthCheckConfig": {"serviceName": ""}}

S = TypeVar("S")
_Requests = AsyncIterable[Any] | Iterable[Any]


class Channels:
    """One channel for each address, shared by every client of the process. Where an address lists several replicas,
    calls go to all that say they serve.

    Args:
        address: gives the address of a service; see `mesh.addresses`.
        workload: who calls where no service or worker is named by the context; empty for an outsider, whom the edge
            or the local principal identifies.
        signer: signs what the process says of itself; None for an outsider.
        sleep: waits so many seconds between attempts.
        jitter: gives a number from 0 to 1.
    """

    def __init__(
        self,
        address: Callable[[str], str],
        workload: str,
        telemetry: Telemetry,
        signer: Signer | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._address = address
        self.workload = workload
        self.telemetry = telemetry
        self.signer = signer
        self.circuits = Circuits(made=telemetry.metrics.watch_circuit)
        self.sleep = sleep
        self.jitter = jitter
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._stubs: dict[tuple[object, str, Identity | None], Any] = {}

    def channel(self, service: str) -> grpc.aio.Channel:
        """The bare channel to a service, for health and reflection, which have no policy."""
        address = self._address(service)
        if address not in self._channels:
            # The edge checks the health of services itself, and does not answer for it to outsiders.
            config = json.dumps(_HEALTHY_ONLY if self.workload else _BALANCED)
            options = (*_OPTIONS, ("grpc.service_config", config))
            self._channels[address] = grpc.aio.insecure_channel(addresses.target(address), options=options)
        return self._channels[address]

    def stub(
        self, stub_class: Callable[[grpc.aio.Channel], S], service: str, *, identity: Identity | None = None
    ) -> S:
        """A client of a service, made from its generated stub class once and kept.

        Its methods take a request, or an iterable of them, asynchronous or not, and optionally `timeout` in seconds.
        They raise CallError. A unary reply is awaited, a stream is iterated; nothing is sent before that. A call ends
        with whichever is first: the deadline of its policy, or that of the call being served. Calls left behind are
        cancelled when the handler that made them ends.
        """
        key = (stub_class, service, identity)
        if key not in self._stubs:
            self._stubs[key] = stub_class(cast(grpc.aio.Channel, _PolicyChannel(self, service, identity)))
        known: S = self._stubs[key]
        return known

    async def close(self) -> None:
        """Ends every channel and the calls on it."""
        channels, self._channels = self._channels, {}
        self._stubs.clear()
        for channel in channels.values():
            await channel.close()


class _PolicyChannel:
    """Stands in for a channel when a generated stub is made, and hands out callables that follow the policy."""

    def __init__(self, channels: Channels, service: str, identity: Identity | None) -> None:
        self._channels = channels
        self._bare = channels.channel(service)
        self._identity = identity

    def unary_unary(self, path: str, **codec: Any) -> Callable[..., UnaryReply[Any]]:
        method = self._method(path, self._bare.unary_unary, codec)
        return lambda request, *, timeout=None: UnaryReply(method, request, timeout)

    def unary_stream(self, path: str, **codec: Any) -> Callable[..., ReplyStream[Any]]:
        method = self._method(path, self._bare.unary_stream, codec)
        return lambda request, *, timeout=None: ReplyStream(method, request, timeout)

    def stream_unary(self, path: str, **codec: Any) -> Callable[..., UnaryReply[Any]]:
        method = self._method(path, self._bare.stream_unary, codec)
        return lambda requests, *, timeout=None: UnaryReply(method, RequestSource(requests), timeout)

    def stream_stream(self, path: str, **codec: Any) -> Callable[..., ReplyStream[Any]]:
        method = self._method(path, self._bare.stream_stream, codec)
        return lambda requests, *, timeout=None: ReplyStream(method, RequestSource(requests), timeout)

    def _method(self, path: str, shape: Callable[..., Any], codec: dict[str, Any]) -> OutgoingMethod:
        start = shape(
            path,
            request_serializer=codec["request_serializer"],
            response_deserializer=codec["response_deserializer"],
        )
        return OutgoingMethod(
            policy.method(path),
            start,
            identity=self._identity,
            workload=self._channels.workload,
            telemetry=self._channels.telemetry,
            signer=self._channels.signer,
            circuits=self._channels.circuits,
            sleep=self._channels.sleep,
            jitter=self._channels.jitter,
        )
