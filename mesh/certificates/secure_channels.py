"""Channels that show a certificate and check that of the service behind, made anew when the certificate is renewed."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import grpc

from mesh import addresses

# As long as the longest call, a watch, may last.
LAST_CALLS_SECONDS = 31 * 60.0

Options = Sequence[tuple[str, object]]


class Identification(Protocol):
    """What a client shows servers, and which name theirs must have."""

    def channel(self) -> grpc.ChannelCredentials:
        """The same object until there are newer ones."""
        ...

    def name_of(self, service: str) -> str:
        """The DNS name that whoever serves a service shows."""
        ...


class SecureChannels:
    """One channel for each service and address: services of one process are checked by their own names."""

    def __init__(self, identification: Identification) -> None:
        self._identification = identification
        self._channels: dict[tuple[str, str], tuple[grpc.aio.Channel, grpc.ChannelCredentials]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def channel(self, address: str, service: str, options: Options) -> grpc.aio.Channel:
        """The channel to a service. It is another one once the certificate was renewed; calls on the one before go on.

        Raises:
            ConfigurationError: the certificates are no good; see `Credentials.shown`.
        """
        key, credentials = (address, service), self._identification.channel()
        known = self._channels.get(key)
        if known is not None and known[1] is credentials:
            return known[0]
        named = (*options, ("grpc.ssl_target_name_override", self._identification.name_of(service)))
        opened = grpc.aio.secure_channel(addresses.target(address), credentials, options=named)
        self._channels[key] = (opened, credentials)
        if known is not None:
            self._let_go(known[0])
        return opened

    async def close(self) -> None:
        """Ends every channel and the calls on it."""
        channels, self._channels = self._channels, {}
        for closing in self._closing:
            closing.cancel()
        for channel, _ in channels.values():
            await channel.close()

    def _let_go(self, channel: grpc.aio.Channel) -> None:
        closing = asyncio.get_running_loop().create_task(channel.close(LAST_CALLS_SECONDS))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
