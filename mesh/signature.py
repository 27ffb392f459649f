"""How a workload of the mesh proves who it is and for whom it calls: an HMAC over both, good for a minute."""

import base64
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

SIGNATURE_KEY = "mootion-signature"
SIGNED_KEYS = ("mootion-caller", "mootion-principal", "mootion-role", "mootion-request-id")
GOOD_FOR_SECONDS = 60
_SCHEME = "v1"
_DIGEST_TEXT = 43


@dataclass(frozen=True)
class Stamp:
    """Says of some lines of text that somebody with the key wrote them, and when. RFC 2104 with SHA-256.

    Args:
        key: 32 bytes that every process of the mesh has.
        scheme: what the lines are, so that no stamp passes for one of another kind.
        now: seconds since 1970.
    """

    key: bytes
    scheme: str
    now: Callable[[], float] = time.time

    def of(self, lines: Iterable[str]) -> str:
        """`<scheme> <seconds since 1970> <digest>`. No line may hold a line break."""
        moment = str(int(self.now()))
        return f"{self.scheme} {moment} {self._digest(moment, lines)}"

    def is_good(self, stamp: str, lines: Iterable[str]) -> bool:
        """Whether the stamp is ours, of these lines, and at most a minute old."""
        scheme, _, rest = stamp.partition(" ")
        moment, _, digest = rest.partition(" ")
        if scheme != self.scheme or not (moment.isascii() and moment.isdigit()) or len(moment) > 12:
            return False
        if len(digest) != _DIGEST_TEXT or abs(self.now() - int(moment)) > GOOD_FOR_SECONDS:
            return False
        return hmac.compare_digest(self._digest(moment, lines).encode(), digest.encode())

    def _digest(self, moment: str, lines: Iterable[str]) -> str:
        text = "\n".join((self.scheme, moment, *lines))
        # A copy of the keyed state: `hmac.digest` lets go of the interpreter's lock, and gets it back late under load.
        made = self._keyed.copy()
        made.update(text.encode())
        return base64.urlsafe_b64encode(made.digest()).decode().rstrip("=")

    @cached_property
    def _keyed(self) -> hmac.HMAC:
        return hmac.new(self.key, digestmod="sha256")


@dataclass(frozen=True)
class Signer:
    """Signs and checks the identity metadata of calls inside the mesh.

    The signed text is scheme, time, method path and the values of SIGNED_KEYS, one a line; none of them can hold a line
    break, which HTTP/2 forbids in metadata.

    Args:
        key: 32 bytes that every process of the mesh has.
        now: seconds since 1970.
    """

    key: bytes
    now: Callable[[], float] = time.time

    def sign(self, path: str, metadata: Mapping[str, str]) -> str:
        """The value of `mootion-signature` for a call of a method with this metadata."""
        return self._stamp.of(_lines(path, metadata))

    def is_good(self, signature: str, path: str, metadata: Mapping[str, str | bytes]) -> bool:
        """Whether the signature is ours, of this call, and at most a minute old."""
        return self._stamp.is_good(signature, _lines(path, metadata))

    @cached_property
    def _stamp(self) -> Stamp:
        return Stamp(self.key, _SCHEME, self.now)


def _lines(path: str, metadata: Mapping[str, str] | Mapping[str, str | bytes]) -> list[str]:
    return [path, *(_text(metadata.get(key, "")) for key in SIGNED_KEYS)]


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
