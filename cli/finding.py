"""What `mootion doctor` says of one thing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is all right, what was seen, and how to mend it where it is not."""

    name: str
    ok: bool
    seen: str
    mend: str = ""
