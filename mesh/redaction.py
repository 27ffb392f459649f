"""A message as it may be shown: what its contract marks is left out, and long values are cut."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mesh.policy import is_sensitive

REDACTED = "<redacted>"
MOST_CHARACTERS = 200
MOST_ITEMS = 10
MOST_DEPTH = 6


def redacted(message: Message, depth: int = MOST_DEPTH) -> dict[str, Any]:
    """The fields that are set, by name. Of a field that is PERSONAL or SECRET only that it is set; of bytes the length;
    of texts, lists and messages within messages the beginning."""
    if depth == 0:
        return {"...": "deeper"}
    return {field.name: _value(field, value, depth) for field, value in message.ListFields()}


def _value(field: FieldDescriptor, value: Any, depth: int) -> Any:
    if is_sensitive(field):
        return REDACTED
    if not field.is_repeated:
        return _one(field, value, depth)
    if isinstance(value, Mapping):
        assert field.message_type is not None
        return _map(field.message_type.fields_by_name["value"], value, depth)
    return _items(field, value, depth)


def _map(of_value: FieldDescriptor, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    first = list(value.items())[:MOST_ITEMS]
    shown = {_text(str(key)): _one(of_value, each, depth) for key, each in first}
    return shown if len(value) <= MOST_ITEMS else {**shown, "...": f"{len(value)} in all"}


def _items(field: FieldDescriptor, value: Sequence[Any], depth: int) -> list[Any]:
    shown = [_one(field, each, depth) for each in value[:MOST_ITEMS]]
    return shown if len(value) <= MOST_ITEMS else [*shown, f"... {len(value)} in all"]


def _one(field: FieldDescriptor, value: Any, depth: int) -> Any:
    if isinstance(value, Message):
        return redacted(value, depth - 1)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    return value if len(value) <= MOST_CHARACTERS else f"{value[:MOST_CHARACTERS]}... {len(value)} in all"
