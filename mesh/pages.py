"""Page tokens: where a list goes on, good only for the request that got them."""

import base64
import binascii
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

import grpc
from google.protobuf.message import Message
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError, Violation

_SUM_BYTES = 8

Position = tuple[str | int, ...]
Request = TypeVar("Request", bound=Message)


def page_size(requested: int, *, default: int, most: int) -> int:
    """How many to list: the default when nothing was asked for, never more than `most`."""
    return min(requested or default, most)


def encode(request: Message, *position: str | int) -> str:
    """The token of the page after `position`, for requests with the same filters as this one.

    Args:
        request: a list request; its `page_size` and `page_token` are not filters.
        position: the sort key of the last one listed.
    """
    body = json.dumps(position, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_sum(request, body) + body).decode().rstrip("=")


@overload
def decode(request: Message, kind: type[int], /) -> tuple[int] | None: ...
@overload
def decode(request: Message, first: type[int], second: type[str], /) -> tuple[int, str] | None: ...
def decode(request: Message, *kinds: type[str] | type[int]) -> Position | None:
    """The position in a request's `page_token`, or None when it asks for the first page.

    Args:
        request: a list request.
        kinds: the types that `encode` was given, such as `int, str`.

    Raises:
        CallError: INVALID_PAGE_TOKEN, the token was not made for this request.
    """
    token: str = request.page_token  # type: ignore[attr-defined]
    if not token:
        return None
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        position = json.loads(raw[_SUM_BYTES:])
    except (binascii.Error, ValueError):
        raise _invalid() from None
    if raw[:_SUM_BYTES] != _sum(request, raw[_SUM_BYTES:]) or not _fits(position, kinds):
        raise _invalid()
    return tuple(position)


def _sum(request: Message, body: bytes) -> bytes:
    filters = type(request)()
    filters.CopyFrom(request)
    filters.ClearField("page_size")
    filters.ClearField("page_token")
    digest = hashlib.sha256(request.DESCRIPTOR.full_name.encode() + b"\0")
    digest.update(filters.SerializeToString(deterministic=True))
    digest.update(body)
    return digest.digest()[:_SUM_BYTES]


def _fits(position: object, kinds: tuple[type, ...]) -> bool:
    return (
        isinstance(position, list)
        and len(position) == len(kinds)
        and all(type(part) is kind for part, kind in zip(position, kinds, strict=True))
    )


def _invalid() -> CallError:
    return CallError(
        grpc.StatusCode.INVALID_ARGUMENT,
        reason_pb2.REASON_INVALID_PAGE_TOKEN,
        "The page token was not made for this list with these filters. Leave it empty to start from the first page.",
        violations=[Violation("page_token", "was not made for this list with these filters")],
    )


async def collect(call: Callable[[Request], Awaitable[Any]], first: Request, entries: str) -> list[Any]:
    """Everything a list method lists, page after page.

    Args:
        call: a client's list method.
        first: the request of the first page; it is not changed.
        entries: name of the reply's field that holds what is listed.
    """
    request = type(first)()
    request.CopyFrom(first)
    found: list[Any] = []
    while True:
        reply = await call(request)
        found.extend(getattr(reply, entries))
        if not reply.next_page_token:
            return found
        request.page_token = reply.next_page_token  # type: ignore[attr-defined]
