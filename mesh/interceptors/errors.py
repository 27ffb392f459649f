"""Turns whatever a handler raises into a status of the contract. No text of an exception gets past it."""

import asyncio
import math
from collections.abc import Iterator

import grpc
import structlog
from mootion.errors.v1 import reason_pb2

from mesh import status
from mesh.errors import CallError, reason_name
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method
from mesh.ports.failures import DescriptorsExhausted, StorageFull, StorageUnavailable

_RETRY_AFTER_SECONDS = 1.0


class ErrorsInterceptor:
    """Ends a failed call with its code, ErrorInfo, RequestInfo, and BadRequest and RetryInfo where they apply."""

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""

        async def report(call: Call) -> bytes:
            try:
                return await proceed(call)
            except asyncio.CancelledError:
                call.code, call.reason = grpc.StatusCode.CANCELLED, reason_name(reason_pb2.REASON_CANCELLED)
                raise
            except grpc.aio.AbortError:
                call.code = grpc.StatusCode(_code_of(call.context))
                raise
            except Exception as error:
                failure = meaning(error)
                if failure is None:
                    _log(call, error)
                    failure = _internal(call.request_id)
                return await _end(call, failure)

        return report


def meaning(error: BaseException) -> CallError | None:
    """What an exception says to the caller; None for one that nobody foresaw."""
    if isinstance(error, CallError):
        return error
    if isinstance(error, BaseExceptionGroup):
        return _meaning_of_group(error)
    if isinstance(error, (StorageFull, DescriptorsExhausted)):
        return CallError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            reason_pb2.REASON_STORAGE_FULL,
            "There is no room left to store this. Nothing of it was kept; try again later.",
            retry_after_seconds=60,
        )
    if isinstance(error, StorageUnavailable):
        return CallError(
            grpc.StatusCode.UNAVAILABLE,
            reason_pb2.REASON_DEPENDENCY_UNAVAILABLE,
            "A store that this call needs does not answer. Try again in a moment.",
            retry_after_seconds=_RETRY_AFTER_SECONDS,
        )
    return None


def _meaning_of_group(group: BaseExceptionGroup[BaseException]) -> CallError | None:
    """Of tasks that failed together the first one counts, provided that every failure was foreseen."""
    meanings = [meaning(error) for error in _leaves(group)]
    return None if None in meanings else meanings[0]


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _internal(request_id: str) -> CallError:
    return CallError(
        grpc.StatusCode.INTERNAL,
        reason_pb2.REASON_INTERNAL,
        f"Something went wrong on our side; quote the request id {request_id} when you report it.",
    )


async def _end(call: Call, failure: CallError) -> bytes:
    call.code, call.reason = failure.code, reason_name(failure.reason)
    encoded = status.encode(failure, call.request_id)
    details = (status.DETAILS_KEY, encoded.SerializeToString())
    headers = dict(failure.headers)
    if failure.retry_after_seconds is not None:
        headers.setdefault("retry-after", str(math.ceil(failure.retry_after_seconds)))
    await call.context.abort(failure.code, encoded.message, (details, *headers.items()))


def _log(call: Call, error: Exception) -> None:
    structlog.get_logger().error(
        "unexpected failure", method=call.method.path, request_id=call.request_id, exc_info=error
    )


def _code_of(context: grpc.aio.ServicerContext[object, object]) -> grpc.StatusCode:
    code = context.code()
    return code if isinstance(code, grpc.StatusCode) else status.CODES[code]
