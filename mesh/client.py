"""Typed clients of other services: deadline, identity, trace and retries come from the contract and the call served."""

import asyncio
import json
import random
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, TypeVar, cast

import grpc

from mesh import addresses, policy
from mesh.certificates.secure_channels import Identification, SecureChannels
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
_PLAIN = (*_OPTIONS, ("grpc.service_config", json.dumps(_BALANCED)))
_WATCHING_HEALTH = (*_OPTIONS, ("grpc.service_config", json.dumps(_HEALTHY_ONLY)))

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
        certificates: what it shows the services it calls, and whom it believes to be them; None where the mesh speaks
            in plain.
        sleep: waits so many seconds between attempts.
        jitter: gives a number from 0 to 1.
    """

    def __init__(
        self,
        address: Callable[[str], str],
        workload: str,
        telemetry: Telemetry,
        signer: Signer | None = None,
        certificates: Identification | None = None,
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
        self._secure = SecureChannels(certificates) if certificates is not None else None
        self._stubs: dict[tuple[object, str, Identity | None], Any] = {}

    def channel(self, service: str) -> grpc.aio.Channel:
        """The bare channel to a service, for health and reflection, which have no policy."""
        address = self._address(service)
        # The edge checks the health of services itself, and does not answer for it to outsiders.
        options = _WATCHING_HEALTH if self.workload else _PLAIN
        if self._secure is not None:
            return self._secure.channel(address, service, options)
        if address not in self._channels:
            self._channels[address] = grpc.aio.insecure_channel(addresses.target(address), options=options)
        return self._channels[address]

    def starter(self, service: str, shape: str, path: str, codec: dict[str, Any]) -> Callable[..., Any]:
        """Starts calls of a method: each on the channel that shows the newest certificate, where there are any.

        Args:
            shape: such as `unary_unary`.
            codec: the (de)serializers that the channel takes.
        """
        of = self.channel(service)
        made: Callable[..., Any] = getattr(of, shape)(path, **codec)
        if self._secure is None:
            return made

        def start(request: object, **how: Any) -> Any:
            nonlocal made, of
            newest = self.channel(service)
            if newest is not of:
                made, of = getattr(newest, shape)(path, **codec), newest
            return made(request, **how)

        return start

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
        if self._secure is not None:
            await self._secure.close()


class _PolicyChannel:
    """Stands in for a channel when a generated stub is made, and hands out callables that follow the policy."""

    def __init__(self, channels: Channels, service: str, identity: Identity | None) -> None:
        self._channels = channels
        self._service = service
        self._identity = identity

    def unary_unary(self, path: str, **codec: Any) -> Callable[..., UnaryReply[Any]]:
        method = self._method(path, "unary_unary", codec)
        return lambda request, *, timeout=None: UnaryReply(method, request, timeout)

    def unary_stream(self, path: str, **codec: Any) -> Callable[..., ReplyStream[Any]]:
        method = self._method(path, "unary_stream", codec)
        return lambda request, *, timeout=None: ReplyStream(method, request, timeout)

    def stream_unary(self, path: str, **codec: Any) -> Callable[..., UnaryReply[Any]]:
        method = self._method(path, "stream_unary", codec)
        return lambda requests, *, timeout=None: UnaryReply(method, RequestSource(requests), timeout)

    def stream_stream(self, path: str, **codec: Any) -> Callable[..., ReplyStream[Any]]:
        method = self._method(path, "stream_stream", codec)
        return lambda requests, *, timeout=None: ReplyStream(method, RequestSource(requests), timeout)

    def _method(self, path: str, shape: str, codec: dict[str, Any]) -> OutgoingMethod:
        # Stubs give more than these two, such as whether the method is registered.
        codecs = {name: codec[name] for name in ("request_serializer", "response_deserializer")}
        start = self._channels.starter(self._service, shape, path, codecs)
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
