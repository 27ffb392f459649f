"""Requests with one field at the end of what its type and its rules allow."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mesh.derive.openapi.constraints import rules_of
from mesh.policy import Method
from proofs.attacks.breaches import Changing, holds_fields, places, stands_in_another_choice
from proofs.callers.valid_requests import FindId, requests_of

# As long as a text may get where no rule says so.
_LONG = 4096
_SMALLEST_AND_LARGEST: dict[int, tuple[object, ...]] = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1, -1, 0),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1, -1, 0),
    FieldDescriptor.CPPTYPE_UINT32: (2**32 - 1, 0),
    FieldDescriptor.CPPTYPE_UINT64: (2**64 - 1, 2**63, 0),
    FieldDescriptor.CPPTYPE_DOUBLE: (math.inf, -math.inf, math.nan, -0.0, 1e308, 5e-324),
    FieldDescriptor.CPPTYPE_FLOAT: (math.inf, -math.inf, math.nan),
    FieldDescriptor.CPPTYPE_BOOL: (True, False),
}
# Letters that stores, indexes, templates and formats take for something else.
_ODD_TEXTS = (
    "",
    "\x00",
    "a\x00b",
    "'; DROP TABLE documents; --",
    "%s %d {0} {__class__} ${HOME} $(id) `id`",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    '\\" * ? ~ : ( [ { ^ AND OR NOT',
    "\u202egnirts\u202c \ufeff\u2028",
    "\U0010ffff\ud7ff\ue000",
    "٣٤٥ Ⅷ ½",
    "\r\nx-injected: 1",
)


def extremes_of(method: Method, find_id: FindId) -> Iterator[Message]:
    """For each field at every depth, requests that differ from a valid one in it alone; some break a rule.

    Raises:
        CannotMake: see `requests_of`.
    """
    changing = Changing(method, find_id)
    for made in requests_of(method, find_id):
        for place in places(method.input):
            if stands_in_another_choice(made.request, place):
                continue
            *outer, each = place
            for change in _changes(changing, each):
                yield changing.changed(made.request, tuple(outer), change)


def _changes(changing: Changing, each: FieldDescriptor) -> Iterator[Callable[[Message], None]]:
    if each.message_type is not None:
        if each.message_type.full_name == "google.protobuf.Duration":
            yield from (_with_parts(each, *parts) for parts in _DURATIONS)
        elif each.message_type.full_name == "google.protobuf.Timestamp":
            yield from (_with_parts(each, *parts) for parts in _TIMESTAMPS)
        elif each.is_repeated and holds_fields(each):
            most = rules_of(each).repeated.max_items or 100
            yield _with_elements(each, [changing.sample(each.message_type)] * most)
        return
    rules = rules_of(each)
    for value in _values(each, rules.repeated.items if each.is_repeated else rules):
        yield _with_elements(each, [value]) if each.is_repeated else _with_value(each, value)


def _values(each: FieldDescriptor, rules: Any) -> Iterator[object]:
    if each.enum_type is not None:
        yield from (value.number for value in each.enum_type.values)
        yield from (-1, 2**31 - 1)
    elif each.type == FieldDescriptor.TYPE_BYTES:
        yield from (b"", b"\x00\xff" * 512)
    elif each.type == FieldDescriptor.TYPE_STRING:
        yield from _ODD_TEXTS
        yield from (letter * (rules.string.max_len or _LONG) for letter in ("x", "波", "🌊"))
    else:
        yield from _SMALLEST_AND_LARGEST[each.cpp_type]


# Seconds and nanoseconds: the ends of what protobuf allows, and beyond.
_DURATIONS = ((315_576_000_000, 999_999_999), (-315_576_000_000, 0), (2**63 - 1, 0), (1, -1), (0, 1))
_TIMESTAMPS = ((-62_135_596_800, 0), (253_402_300_799, 999_999_999), (2**63 - 1, 0), (-(2**63), 0), (0, -1))


def _with_value(each: FieldDescriptor, value: object) -> Callable[[Message], None]:
    return lambda parent: setattr(parent, each.name, value)


def _with_elements(each: FieldDescriptor, values: list[Any]) -> Callable[[Message], None]:
    def change(parent: Message) -> None:
        parent.ClearField(each.name)
        getattr(parent, each.name).extend(values)

    return change


def _with_parts(each: FieldDescriptor, seconds: int, nanos: int) -> Callable[[Message], None]:
    def change(parent: Message) -> None:
        held = getattr(parent, each.name)
        held.seconds, held.nanos = seconds, nanos

    return change
