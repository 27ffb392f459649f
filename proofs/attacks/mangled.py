"""Bytes that are no good message, made from those of one that is."""

import random
from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

# A message nested deeper than this is refused by every protobuf library in use.
_TOO_DEEP = 200
_VARINT, _FIXED64, _LENGTH, _GROUP, _GROUP_END, _FIXED32 = range(6)
_OF_WIRE_TYPE = {
    _VARINT: b"\x96\x01",
    _FIXED64: b"\xff" * 8,
    _LENGTH: b"\x03abc",
    _GROUP: b"",
    _GROUP_END: b"",
    _FIXED32: b"\xff" * 4,
    6: b"",
    7: b"",
}
# No field of ours, and no reserved one.
_UNKNOWN_FIELD = 12345


def mangled(raw: bytes, descriptor: Descriptor, chance: random.Random, rounds: int) -> Iterator[bytes]:
    """Each known way to spoil a message once, and the ways that take chance as often as asked for."""
    yield from _always_wrong()
    yield from _with_unknown_fields(raw)
    for each in descriptor.fields:
        yield from _wrongly_typed(each)
    for _ in range(rounds):
        yield chance.randbytes(chance.randrange(1, 200))
        yield from _cut_or_flipped(raw, chance)


def _always_wrong() -> Iterator[bytes]:
    """A varint without end, a length beyond all, field zero, groups without end, without a beginning and too deep."""
    yield b"\x08" + b"\xff" * 11
    yield b"\x0a\xff\xff\xff\xff\x07x"
    yield b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    yield b"\x00\x01"
    yield _tag(_UNKNOWN_FIELD, _GROUP)
    yield _tag(_UNKNOWN_FIELD, _GROUP_END)
    opened = _tag(_UNKNOWN_FIELD, _GROUP) * _TOO_DEEP
    yield opened + _tag(_UNKNOWN_FIELD, _GROUP_END) * _TOO_DEEP


def _with_unknown_fields(raw: bytes) -> Iterator[bytes]:
    """Fields that a newer client may send, in front, behind, and the whole message twice."""
    unknown = _tag(_UNKNOWN_FIELD, _LENGTH) + b"\x05later"
    yield unknown + raw
    yield raw + unknown
    yield raw + raw


def _wrongly_typed(each: FieldDescriptor) -> Iterator[bytes]:
    """The field with every wire type there is, two of which there are not; and text that is not UTF-8."""
    for kind, value in _OF_WIRE_TYPE.items():
        yield _tag(each.number, kind) + value
    if each.type == FieldDescriptor.TYPE_STRING:
        yield _tag(each.number, _LENGTH) + b"\x03\xff\xfe\xed"
        # A surrogate alone, and a zero written in two bytes.
        yield _tag(each.number, _LENGTH) + b"\x03\xed\xa0\x80"
        yield _tag(each.number, _LENGTH) + b"\x02\xc0\x80"
        yield _tag(each.number, _LENGTH) + b"\x03a\x00b"


def _cut_or_flipped(raw: bytes, chance: random.Random) -> Iterator[bytes]:
    if not raw:
        return
    yield raw[: chance.randrange(len(raw))]
    flipped = bytearray(raw)
    flipped[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    yield bytes(flipped)
    start, end = sorted((chance.randrange(len(raw) + 1), chance.randrange(len(raw) + 1)))
    yield raw[:start] + raw[end:]


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
