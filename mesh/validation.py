"""Rules beside the fields of the contracts, checked by protovalidate. Nothing else imports it."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import protovalidate
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from protovalidate import Violation as Found

from mesh.errors import Violation

_TIMES = {
    Timestamp.DESCRIPTOR.full_name: "must be a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z",
    Duration.DESCRIPTOR.full_name: "must be at most 315,576,000,000 seconds, with nanoseconds of the same sign",
}


class Validator:
    """Checks messages; it compiles the rules of a message type once."""

    def __init__(self) -> None:
        self._validator = protovalidate.Validator()

    def violations(self, message: Message, raw: bytes | None = None) -> list[Violation]:
        """Everything in a message that breaks a rule, with proto field paths such as `parts[2].weight`; a rule of the
        whole message has an empty path. Two rules hold for every field: a time is one that protobuf allows, and a text
        holds no U+0000, which PostgreSQL cannot store.

        Args:
            raw: the bytes it was parsed from; where they are known and hold no zero, no text has to be looked at.
        """
        found = [
            Violation(_path(found), found.proto.message or found.proto.rule_id or "breaks a rule")
            for found in self._validator.collect_violations(message)
        ]
        if found or not (_holds_times(message.DESCRIPTOR) or raw is None or b"\0" in raw):
            return found
        return list(_unsound(message))


def _path(found: Found) -> str:
    path = ""
    for element in found.proto.field.elements if found.proto.field else ():
        path += f".{element.field_name}" if path else element.field_name or ""
        if element.subscript is not None:
            path += f"[{element.subscript.value!r}]"
    return path


@cache
def _holds_times(descriptor: Descriptor) -> bool:
    return _reaches_times(descriptor, frozenset())


def _reaches_times(descriptor: Descriptor, seen: frozenset[str]) -> bool:
    if descriptor.full_name in _TIMES:
        return True
    deeper = seen | {descriptor.full_name}
    return any(
        _reaches_times(each.message_type, deeper)
        for each in descriptor.fields
        if each.message_type is not None and each.message_type.full_name not in seen
    )


def _unsound(message: Message) -> Iterator[Violation]:
    for place, value in _values(message, ""):
        if isinstance(value, (Timestamp, Duration)):
            if not _is_sound(value):
                yield Violation(place, _TIMES[value.DESCRIPTOR.full_name])
        elif isinstance(value, str) and "\0" in value:
            yield Violation(place, "must not contain U+0000")


def _values(message: Message, path: str) -> Iterator[tuple[str, object]]:
    """Every single value, times and durations whole, with its path."""
    for each, value in message.ListFields():
        for name, held in _held(each, value):
            place = f"{path}.{name}" if path else name
            if isinstance(held, Message) and not isinstance(held, (Timestamp, Duration)):
                yield from _values(held, place)
            else:
                yield place, held


def _held(each: FieldDescriptor, value: Any) -> Iterator[tuple[str, object]]:
    """The values of a field with their names in paths."""
    if not each.is_repeated:
        yield each.name, value
    elif isinstance(value, Mapping):
        yield from ((f"{each.name}[{key!r}]", held) for key, held in value.items())
    else:
        yield from ((f"{each.name}[{number}]", held) for number, held in enumerate(value))


def _is_sound(time: Timestamp | Duration) -> bool:
    try:
        time.ToJsonString()
    except ValueError:
        return False
    return True
