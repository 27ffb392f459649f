"""How a workload of the mesh proves who it is and for whom it calls: an HMAC over both, good for a minute."""

import base64
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SIGNATURE_KEY = "mootion-signature"
SIGNED_KEYS = ("mootion-caller", "mootion-principal", "mootion-role", "mootion-request-id")
GOOD_FOR_SECONDS = 60
_SCHEME = "v1"
_DIGEST_TEXT = 43


@dataclass(frozen=True)
class Signer:
    """Signs and checks the identity metadata of calls inside the mesh.

    The signed text is scheme, time, method path and the values of SIGNED_KEYS, one a line; none of them can hold a line
    break, which HTTP/2 forbids in metadata. RFC 2104 with SHA-256.

    Args:
        key: 32 bytes that every process of the mesh has.
        now: seconds since 1970.
    """

    key: bytes
    now: Callable[[], float] = time.time

    def sign(self, path: str, metadata: Mapping[str, str]) -> str:
        """The value of `mootion-signature` for a call of a method with this metadata."""
        moment = str(int(self.now()))
        return f"{_SCHEME} {moment} {self._digest(moment, path, metadata)}"

    def is_good(self, signature: str, path: str, metadata: Mapping[str, str | bytes]) -> bool:
        """Whether the signature is ours, of this call, and at most a minute old."""
        scheme, _, rest = signature.partition(" ")
        moment, _, digest = rest.partition(" ")
        if scheme != _SCHEME or not (moment.isascii() and moment.isdigit()) or len(moment) > 12:
            return False
        if len(digest) != _DIGEST_TEXT or abs(self.now() - int(moment)) > GOOD_FOR_SECONDS:
            return False
        expected = self._digest(moment, path, metadata)
        return hmac.compare_digest(expected.encode(), digest.encode())

    def _digest(self, moment: str, path: str, metadata: Mapping[str, str | bytes]) -> str:
        lines = [_SCHEME, moment, path]
        lines += [_text(metadata.get(key, "")) for key in SIGNED_KEYS]
        digest = hmac.digest(self.key, "\n".join(lines).encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
