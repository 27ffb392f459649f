"""Ports and the password of a ground, chosen once and kept in its folder."""

import fcntl
import json
import os
import random
import secrets
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

# Below the ports that Linux gives to outgoing connections (32768 and up), so that none takes a stopped server's.
FIRST_PORT, LAST_PORT = 20_000, 31_999
PORTS_VARIABLE = "GROUND_PORTS"

T = TypeVar("T")


class Kept:
    """What a ground remembers between starts: `ground.json`, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "ground.json"

    def port(self, name: str) -> int:
        """The port of that name: the one of last time, or one that is free now.

        `GROUND_PORTS=FIRST-LAST` in the environment bounds the choice.
        """
        return self._value(f"port of {name}", _free_port, int)

    def password(self) -> str:
        """The password of every server of the ground."""
        return self._value("password", lambda others: secrets.token_hex(16), str)

    def _value(self, name: str, choose: Callable[[Collection[object]], T], kind: type[T]) -> T:
        with self._locked() as content:
            if name not in content:
                content[name] = choose(content.values())
            found = content[name]
        assert isinstance(found, kind)
        return found

    @contextmanager
    def _locked(self) -> Iterator[dict[str, object]]:
        """The content, written back at the end of the block where it changed; one process at a time."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = file.read()
            content: dict[str, object] = json.loads(before or "{}")
            yield content
            after = json.dumps(content, indent=1)
            if after != before:
                file.seek(0)
                file.truncate()
                file.write(after)


def _free_port(others: Collection[object]) -> int:
    """One that nobody listens on and that no other server of the ground has, which may not run yet."""
    first, last = _bounds()
    for port in random.sample(range(first, last + 1), last - first + 1):
        if port not in others and _is_free(port):
            return port
    raise OSError(f"no port from {first} to {last} is free on 127.0.0.1; set {PORTS_VARIABLE} to others")


def _bounds() -> tuple[int, int]:
    first, _, last = os.environ.get(PORTS_VARIABLE, f"{FIRST_PORT}-{LAST_PORT}").partition("-")
    return int(first), int(last)


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
