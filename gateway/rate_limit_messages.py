"""The messages of `envoy.service.ratelimit.v3`, as far as they are needed: what Envoy says besides is skipped.

They have field numbers of Envoy's and a pool of their own, so that a program may load Envoy's contracts beside them.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Pairs = Iterable[tuple[str, str]]
_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "mootion.edge"
# Each message with its fields: the number of one, and what it repeats. A descriptor's entry and a header look alike.
_REPEATED = {
    "Descriptor": {"entries": (1, "Pair")},
    "Request": {"descriptors": (2, "Descriptor")},
    "Response": {"response_headers": (3, "Pair"), "request_headers": (4, "Pair")},
}
_OK, _OVER_LIMIT = 1, 2


def said(request: bytes) -> dict[str, str]:
    """The entries of a `RateLimitRequest`, by their keys.

    Raises:
        google.protobuf.message.DecodeError: it is none.
    """
    parsed = _messages()["Request"].FromString(request)
    return {entry.key: entry.value for found in parsed.descriptors for entry in found.entries}


def admitted(headers_inward: _Pairs) -> bytes:
    """A `RateLimitResponse`: the call goes on, with these headers."""
    return _response(code=_OK, request_headers=_pairs(headers_inward))


def refused(headers: _Pairs) -> bytes:
    """A `RateLimitResponse`: the call ends, and its caller is told these headers."""
    return _response(code=_OVER_LIMIT, response_headers=_pairs(headers))


def _response(**fields: Any) -> bytes:
    serialized: bytes = _messages()["Response"](**fields).SerializeToString()
    return serialized


def _pairs(pairs: _Pairs) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs]


@cache
def _messages() -> dict[str, Any]:
    """The classes by name."""
    file = descriptor_pb2.FileDescriptorProto(name="rate_limit.proto", package=_PACKAGE, syntax="proto3")
    file.message_type.add(name="Pair").field.extend([_text("key", 1), _text("value", 2)])
    for message, fields in _REPEATED.items():
        repeated = (_several(name, number, of) for name, (number, of) in fields.items())
        file.message_type.add(name=message).field.extend(repeated)
    code = _Field(name="code", number=1, type=_Field.TYPE_INT32, label=_Field.LABEL_OPTIONAL)
    file.message_type[-1].field.append(code)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in ("Pair", *_REPEATED)
    }


def _text(name: str, number: int) -> _Field:
    return _Field(name=name, number=number, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)


def _several(name: str, number: int, of: str) -> _Field:
    kind, label = _Field.TYPE_MESSAGE, _Field.LABEL_REPEATED
    return _Field(name=name, number=number, type=kind, label=label, type_name=f".{_PACKAGE}.{of}")
