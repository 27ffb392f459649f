"""The only place that knows the four shapes of gRPC handlers."""

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError
from mesh.interceptors.call import Call, Interceptor, Proceed
from mesh.policy import Method

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


def adapt(method: Method, behaviour: Callable[..., Any], interceptors: Sequence[Interceptor]) -> Handler:
    """A handler that serves a method through the interceptors, the first one outermost.

    Args:
        behaviour: the servicer's method: a coroutine function for one reply, an async generator function for a stream.
    """
    chain = _innermost(method, behaviour)
    for interceptor in reversed(interceptors):
        chain = interceptor.bind(method, chain)
    return _SHAPES[method.client_streaming, method.server_streaming](method, chain)


def is_implemented(behaviour: Callable[..., Any]) -> bool:
    """Whether a servicer's method is its own and not the one of the generated base class."""
    return not inspect.unwrap(behaviour).__module__.endswith("_pb2_grpc")


def _innermost(method: Method, behaviour: Callable[..., Any]) -> Proceed:
    if not is_implemented(behaviour):
        return _unimplemented
    return (_stream_reply if method.server_streaming else _single_reply)(method, behaviour)


def _single_reply(method: Method, behaviour: Callable[..., Any]) -> Proceed:
    streaming = method.client_streaming

    async def serve(call: Call) -> bytes:
        reply = await behaviour(call.requests if streaming else call.request, call.context)
        serialized: bytes = reply.SerializeToString()
        return serialized

    return serve


def _stream_reply(method: Method, behaviour: Callable[..., Any]) -> Proceed:
    streaming = method.client_streaming

    async def serve(call: Call) -> bytes:
        write = call.context.write
        async with aclosing(behaviour(call.requests if streaming else call.request, call.context)) as replies:
            async for reply in replies:
                serialized = reply.SerializeToString()
                call.sent_bytes += len(serialized)
                await write(serialized)
        return b""

    return serve


async def _unimplemented(call: Call) -> bytes:
    raise CallError(
        grpc.StatusCode.UNIMPLEMENTED,
        reason_pb2.REASON_UNKNOWN_METHOD,
        f"This server does not implement {call.method.path}.",
    )


def _unary_unary(method: Method, chain: Proceed) -> Handler:
    async def serve(raw: bytes, context: _Context) -> bytes:
        return await chain(Call(method, context, raw=raw))

    return grpc.unary_unary_rpc_method_handler(serve)


def _unary_stream(method: Method, chain: Proceed) -> Handler:
    async def serve(raw: bytes, context: _Context) -> None:
        await chain(Call(method, context, raw=raw))

    return grpc.unary_stream_rpc_method_handler(serve)


def _stream_unary(method: Method, chain: Proceed) -> Handler:
    async def serve(raw_requests: AsyncIterator[bytes], context: _Context) -> bytes:
        return await chain(Call(method, context, raw_requests=raw_requests))

    return grpc.stream_unary_rpc_method_handler(serve)


def _stream_stream(method: Method, chain: Proceed) -> Handler:
    async def serve(raw_requests: AsyncIterator[bytes], context: _Context) -> None:
        await chain(Call(method, context, raw_requests=raw_requests))

    return grpc.stream_stream_rpc_method_handler(serve)


_SHAPES = {
    (False, False): _unary_unary,
    (False, True): _unary_stream,
    (True, False): _stream_unary,
    (True, True): _stream_stream,
}
