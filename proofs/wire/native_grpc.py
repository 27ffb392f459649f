"""Calls by native gRPC."""

import asyncio
from typing import Any

import grpc

from mesh.status import DETAILS_KEY
from proofs.callers.endings import Ending, of_trailers
from proofs.wire.call import Heard, WireCall, same_bytes


class NativeGrpc:
    """The path of services and apps.

    Args:
        address: host and port of the edge.
    """

    name = "grpc"

    def __init__(self, address: str) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)])

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def call(self, call: WireCall) -> Heard | None:
        """See WirePath."""
        method, raw = call.method, call.request.SerializeToString()
        shape = f"{_side(method.client_streaming)}_{_side(method.server_streaming)}"
        started: Any = getattr(self._channel, shape)(call.rpc_path)(
            iter([raw]) if method.client_streaming else raw,
            metadata=tuple(call.headers.items()),
            timeout=call.seconds,
            compression=grpc.Compression.Gzip if call.compressed else None,
        )
        if call.cancel_after is not None:
            asyncio.get_running_loop().call_later(call.cancel_after, started.cancel)
        replies: list[bytes] = []
        try:
            if method.server_streaming:
                async for reply in started:
                    replies.append(same_bytes(method, reply))
            else:
                replies = [same_bytes(method, await started)]
        except grpc.aio.AioRpcError as error:
            ending = of_trailers(
                error.code(), error.details() or "", dict(error.trailing_metadata() or ()), replies
            )
            return Heard(ending, _texts(error.initial_metadata()), _texts(error.trailing_metadata()))
        except asyncio.CancelledError:
            if call.cancel_after is None:
                raise
            return Heard(Ending(grpc.StatusCode.CANCELLED.name, replies=tuple(replies)), {})
        ending = Ending(grpc.StatusCode.OK.name, replies=tuple(replies))
        return Heard(
            ending, _texts(await started.initial_metadata()), _texts(await started.trailing_metadata())
        )


def _side(streaming: bool) -> str:
    return "stream" if streaming else "unary"


def _texts(metadata: Any) -> dict[str, str]:
    """Metadata that is text; the details of an error are read already."""
    return {key: value for key, value in metadata or () if key != DETAILS_KEY and isinstance(value, str)}
