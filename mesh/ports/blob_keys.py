"""Which keys a blob may have."""

import re

MOST_CHARACTERS = 1000
MOST_CHARACTERS_OF_PART = 200

_PART = re.compile(r"[^\x00-\x1f\x7f/\\.][^\x00-\x1f\x7f/\\]*")


class InvalidBlobKey(ValueError):
    """The key is not one a blob can have."""


def checked_key(key: str) -> str:
    """The key itself when it is parts joined by `/`, such as `uploads/01890a5d`.

    A part starts with no dot and has no backslash or control character. It has at most 200 characters, all at
    most 1,000.

    Raises:
        InvalidBlobKey: it is not like that.
    """
    parts = key.split("/")
    if len(key) > MOST_CHARACTERS or any(len(part) > MOST_CHARACTERS_OF_PART for part in parts):
        raise InvalidBlobKey(
            f"blob key {key[:40]!r}... is longer than {MOST_CHARACTERS} characters, or a part of it"
        )
    if not all(_PART.fullmatch(part) for part in parts):
        raise InvalidBlobKey(f"blob key {key!r}: give parts joined by '/', none empty or starting with a dot")
    return key
