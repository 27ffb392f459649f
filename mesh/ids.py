"""Ids: random ones that sort by time, and ones derived from what they name."""

import hashlib
import secrets
import time
import uuid
from collections.abc import Callable

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_LOW_62 = (1 << 62) - 1


class Ids:
    """Makes ids. Give it a clock and a source of randomness where a test needs known ones.

    Args:
        now_milliseconds: milliseconds since 1970.
        random_bits: gives so many random bits as a number.
    """

    def __init__(
        self,
        now_milliseconds: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._now = now_milliseconds
        self._random_bits = random_bits

    def new(self) -> str:
        """A UUIDv7 (RFC 9562, section 5.7): ids made in a later millisecond sort later."""
        milliseconds, bits = self._now() & ((1 << 48) - 1), self._random_bits(74)
        digits = f"{milliseconds << 80 | _VERSION_7 | bits >> 62 << 64 | _VARIANT | bits & _LOW_62:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def derived(self, *parts: str) -> str:
        """See `derived`."""
        return derived(*parts)


def lowest_at(seconds: float) -> str:
    """The lowest UUIDv7 of a moment in seconds since 1970: ids made later sort after it."""
    return Ids(lambda: max(0, int(seconds * 1000)), lambda bits: 0).new()


def derived(*parts: str) -> str:
    """An id that is the same for the same parts: the first bits of their SHA-256, as a UUIDv8 (RFC 9562)."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    number = int.from_bytes(digest.digest()[:16], "big")
    number = number & ~(0xF << 76) | 0x8 << 76
    return str(uuid.UUID(int=number & ~(0b11 << 62) | _VARIANT))
