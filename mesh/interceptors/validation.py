"""Lets only requests through that are as the contract says: small enough, well formed and valid."""

from collections.abc import AsyncIterator

import grpc
from google.protobuf import message_factory
from google.protobuf.message import DecodeError, Message
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError, Violation
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method
from mesh.validation import Validator


class ValidationInterceptor:
    """Parses each request and checks it, the single one before the handler runs, streamed ones as it reads them."""

    def __init__(self, validator: Validator) -> None:
        self._validator = validator

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        checked = _Requests(method, self._validator)
        return _streamed(checked, proceed) if method.client_streaming else _single(checked, proceed)


class _Requests:
    def __init__(self, method: Method, validator: Validator) -> None:
        self.most_bytes = method.max_request_bytes
        self._parse = message_factory.GetMessageClass(method.input).FromString
        self._name = method.input.name
        self._violations = validator.violations

    def parsed(self, raw: bytes) -> Message:
        try:
            message = self._parse(raw)
        except DecodeError:
            violation = Violation("", f"the bytes are no well-formed {self._name}")
            raise _invalid([violation]) from None
        violations = self._violations(message, raw)
        if violations:
            raise _invalid(violations)
        return message

    def check_size(self, size: int) -> None:
        if size > self.most_bytes:
            raise CallError(
                grpc.StatusCode.INVALID_ARGUMENT,
                reason_pb2.REASON_REQUEST_TOO_LARGE,
                f"The request is larger than {self.most_bytes:,} bytes. Send less at once.",
            )


def _single(checked: _Requests, proceed: Proceed) -> Proceed:
    most_bytes = checked.most_bytes

    async def validate(call: Call) -> bytes:
        raw = call.raw or b""
        call.received_bytes = len(raw)
        if call.received_bytes > most_bytes:
            checked.check_size(call.received_bytes)
        call.request = checked.parsed(raw)
        return await proceed(call)

    return validate


def _streamed(checked: _Requests, proceed: Proceed) -> Proceed:
    async def requests(call: Call, raw_requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        async for raw in raw_requests:
            call.received_bytes += len(raw)
            checked.check_size(call.received_bytes)
            yield checked.parsed(raw)

    async def validate(call: Call) -> bytes:
        if call.raw_requests is not None:
            call.requests = requests(call, call.raw_requests)
        return await proceed(call)

    return validate


def _invalid(violations: list[Violation]) -> CallError:
    first = violations[0]
    sentence = f"{first.field}: {first.description}" if first.field else first.description
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return CallError(
        grpc.StatusCode.INVALID_ARGUMENT,
        reason_pb2.REASON_INVALID_FIELD,
        sentence + more,
        violations=violations,
    )
