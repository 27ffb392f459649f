"""Keys of the installation: given by the environment, or made once in the data folder for its owner's eyes only."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from mesh.config import ConfigurationError, Secret

KEY_BYTES = 32
# Files of the data folder's keys.
DATA_KEY, OLD_DATA_KEYS = "data.key", "old-data.keys"


def read_or_make(given: Secret | None, path: Path, variable: str) -> bytes:
    """The 32 bytes of a key.

    Args:
        given: the key in base64, as the environment has it.
        path: where it is kept otherwise. Made with mode 0600 where it is missing; two processes that make it at the
            same time end up with the same one.
        variable: name of the environment variable, for messages.

    Raises:
        ConfigurationError: the key is not 32 bytes in base64.
    """
    if given is not None:
        return decoded(given.reveal(), variable)
    if not path.exists():
        _make(path)
    return decoded(path.read_text().strip(), f"the file {path.name} of the data folder")


def older(path: Path) -> list[bytes]:
    """Keys that were replaced, as `replace` left them, the last one first. Raises ConfigurationError."""
    lines = path.read_text().split() if path.exists() else []
    return [decoded(line, f"the file {path.name} of the data folder") for line in reversed(lines)]


def replace(path: Path, replaced: Path) -> None:
    """Makes a new key in the place of the one in the file `path`, which joins those in the file `replaced`.

    The old one is on the disk there before the new one is in its place: a crash in between loses neither.
    """
    old = path.read_text().strip()
    descriptor = os.open(replaced, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(old + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft = _draft(path)
    draft.replace(path)


def decoded(text: str, source: str) -> bytes:
    """The 32 bytes of a key in base64; `source` names it in messages. Raises ConfigurationError."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            [f"{source}: give 32 random bytes in base64, such as `openssl rand -base64 32` prints"]
        )
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _draft(path)
    try:
        os.link(draft, path)
    except FileExistsError:
        # Another process was first; its key is the key.
        pass
    finally:
        draft.unlink()


def _draft(path: Path) -> Path:
    """A new key in a file beside `path`, on the disk. It is named by chance: one that was killed, or runs in another
    container, may have the same process id."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return draft
