"""Values that only this installation can read again: AES-256-GCM under the data key."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_ID_BYTES = 4
_VERSION = b"\x01"


class Unreadable(Exception):
    """The value was sealed with a key that is not here, for another place, or was changed since."""


class Sealer:
    """Seals values with the first key and opens what any of the keys sealed.

    A sealed value is a version byte, the id of its key (the first four bytes of its SHA-256), a random nonce of 12
    bytes, and the ciphertext with its tag (NIST SP 800-38D). A key is good for 2^32 values.

    Args:
        keys: 32 bytes each, the newest first.
    """

    def __init__(self, *keys: bytes) -> None:
        self._keys: Mapping[bytes, AESGCM] = {_id_of(key): AESGCM(key) for key in keys}
        self._newest = _id_of(keys[0])
        self._digest_keys = [hmac.digest(key, b"digest", "sha256") for key in keys]

    def seal(self, value: bytes, place: str) -> bytes:
        """Seals a value for one place, such as `account.email:<id>`; it opens nowhere else."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        head = _VERSION + self._newest
        return head + nonce + self._keys[self._newest].encrypt(nonce, value, head + place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The value. Raises Unreadable."""
        head, rest = sealed[: 1 + KEY_ID_BYTES], sealed[1 + KEY_ID_BYTES :]
        key = self._keys.get(head[1:])
        if head[:1] != _VERSION or key is None:
            raise Unreadable(
                f"{place}: the key this was sealed with is not here; give it as MOOTION_OLD_DATA_KEYS"
            )
        try:
            return key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], head + place.encode())
        except InvalidTag:
            raise Unreadable(f"{place}: the value was changed, or belongs elsewhere") from None

    def is_sealed(self, value: bytes) -> bool:
        """Whether a value was sealed. No protobuf message and no text begins like a sealed value."""
        return value[:1] == _VERSION and len(value) > 1 + KEY_ID_BYTES + NONCE_BYTES

    def is_newest(self, sealed: bytes) -> bool:
        """Whether a value was sealed with the newest key."""
        return sealed[1 : 1 + KEY_ID_BYTES] == self._newest

    def digest(self, value: bytes) -> bytes:
        """An HMAC of a value that may hold secrets, so that it cannot be guessed at from what is stored."""
        return hmac.digest(self._digest_keys[0], value, "sha256")

    def is_digest(self, digest: bytes, value: bytes) -> bool:
        """Whether `digest` was made of the value, with whichever of the keys."""
        made = [hmac.digest(key, value, "sha256") for key in self._digest_keys]
        return any(hmac.compare_digest(digest, one) for one in made)


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:KEY_ID_BYTES]
