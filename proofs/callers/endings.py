"""How a call ended, told the same way whatever path it took."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from mesh.errors import DOMAIN
from mesh.status import CODES, DETAILS_KEY

_JSON = "application/json"


class NotAStatus(Exception):
    """What should be a `google.rpc.Status` is none; the message says why."""


@dataclass(frozen=True)
class Ending:
    """The code, and of an error what its details say. The request id and the message are not compared.

    Attributes:
        fields: paths of the fields that break a rule, in order.
        told: names of the metadata of ErrorInfo, the request id left out.
        retry: whether it says when to try again.
        replies: what came, serialized.
    """

    code: str
    reason: str = ""
    fields: tuple[str, ...] = ()
    told: frozenset[str] = frozenset()
    retry: bool = False
    replies: tuple[bytes, ...] = ()
    message: str = field(default="", compare=False)
    request_id: str = field(default="", compare=False)

    def __str__(self) -> str:
        parts = [self.code, self.reason, " ".join(self.fields), " ".join(sorted(self.told))]
        parts += ["retry"] if self.retry else []
        parts += [f"{len(self.replies)} replies"] if self.replies else []
        return " ".join(filter(None, parts))


def of_status(status: status_pb2.Status, replies: Iterable[bytes] = ()) -> Ending:
    """The ending that a status tells."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry, request = error_details_pb2.RetryInfo(), error_details_pb2.RequestInfo()
    found = {
        id(into): any(each.Is(into.DESCRIPTOR) and each.Unpack(into) for each in status.details)
        for into in (info, bad, retry, request)
    }
    return Ending(
        CODES[status.code].name,
        info.reason if info.domain == DOMAIN else "",
        tuple(each.field for each in bad.field_violations),
        frozenset(info.metadata) - {"request_id"},
        found[id(retry)],
        tuple(replies),
        message=status.message,
        request_id=request.request_id or info.metadata.get("request_id", ""),
    )


def of_trailers(
    code: grpc.StatusCode, message: str, trailers: Mapping[str, str | bytes], replies: Iterable[bytes] = ()
) -> Ending:
    """The ending that gRPC tells, native or in gRPC-web, where details are text in Base64.

    Raises:
        NotAStatus: the details do not decode, or say something else than code and message.
    """
    details = trailers.get(DETAILS_KEY)
    if details is None:
        return Ending(code.name, message=message, replies=tuple(replies))
    raw = details if isinstance(details, bytes) else base64.b64decode(details + "=" * (-len(details) % 4))
    try:
        status = status_pb2.Status.FromString(raw)
    except DecodeError:
        raise NotAStatus(f"the details of {code.name} do not decode: {raw[:60]!r}") from None
    if (status.code, status.message) != (code.value[0], message):
        raise NotAStatus(f"{code.name} {message!r}, but its details say {status.code} {status.message!r}")
    return of_status(status, replies)


def of_rpc_error(error: grpc.aio.AioRpcError) -> Ending:
    """The ending of a refused call of grpc.aio. Raises NotAStatus."""
    trailers = dict(error.trailing_metadata() or ())
    return of_trailers(error.code(), error.details() or "", trailers)


def of_rest_error(content_type: str, body: Any) -> Ending:
    """The ending that an error over REST tells in its body, which has been read as JSON.

    Raises:
        NotAStatus: it is not JSON, or no whole status with a reason of ours.
    """
    if content_type.partition(";")[0] != _JSON:
        raise NotAStatus(f"an error as {content_type or 'nothing'}")
    if not isinstance(body, Mapping) or not {"code", "message", "details"} <= body.keys():
        raise NotAStatus(f"an error without code, message and details: {str(body)[:200]}")
    try:
        status = json_format.ParseDict(dict(body), status_pb2.Status())
    except json_format.ParseError as error:
        raise NotAStatus(f"an error that is no google.rpc.Status: {error}") from None
    ending = of_status(status)
    if not ending.reason or not ending.message or status.code not in CODES:
        raise NotAStatus(f"an error without a reason or a message: {str(body)[:200]}")
    return ending
