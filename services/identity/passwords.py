"""Passwords: what is accepted, how they are kept, and checks that take as long for names nobody has."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import argon2
import bcrypt
from argon2.exceptions import InvalidHashError, VerificationError
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError, refused
from mesh.ports.threads import run_to_end

SHORTEST = 8
# Each takes 64 MiB and a core for some tens of milliseconds.
AT_ONCE = 2
_BCRYPT_MOST_BYTES = 72
_BCRYPT = ("$2a$", "$2b$", "$2y$")


class Passwords:
    """Hashes by argon2id as RFC 9106 recommends where memory is scarce: 3 passes over 64 MiB, 4 lanes."""

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """What to keep of a password."""
        return await run_to_end(lambda: self._hasher.hash(password), self._threads)

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one that was kept. None, for an account that is not there, takes as long."""
        if kept is None:
            await run_to_end(lambda: self._verify(self._decoy(), password), self._threads)
            return False
        return await run_to_end(lambda: self._verify(kept, password), self._threads)

    def is_outdated(self, kept: str) -> bool:
        """Whether the password should be hashed again at the next sign-in."""
        return kept.startswith(_BCRYPT) or self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False)

    def _verify(self, kept: str, password: str) -> bool:
        if kept.startswith(_BCRYPT):
            return bcrypt.checkpw(password.encode()[:_BCRYPT_MOST_BYTES], kept.encode())
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    def _decoy(self) -> str:
        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody's")
        return self._nobody


def check_strength(password: str, username: str) -> None:
    """Length and commonness decide, no rules on kinds of characters (NIST SP 800-63B, 3.1.1.2).

    Raises:
        CallError: WEAK_PASSWORD.
    """
    plain = password.casefold()
    if len(password) < SHORTEST:
        raise _weak(f"it has fewer than {SHORTEST} characters")
    if plain in _common() or len(set(plain)) < 4:
        raise _weak("it is one of the first that are guessed")
    if username.casefold() in plain or plain in username.casefold():
        raise _weak("it is too like the name")


def _weak(why: str) -> CallError:
    return refused(reason_pb2.REASON_WEAK_PASSWORD, f"Choose another password: {why}.")


@cache
def _common() -> frozenset[str]:
    path = Path(__file__).with_name("common_passwords.txt")
    return frozenset(path.read_text(encoding="utf-8").split())
