"""The mark of a call whose limits the rate-limit service has counted, so that no service counts them again."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from mesh.signature import Stamp

COUNTED_KEY = "mootion-counted"
_SCHEME = "counted-v1"


@dataclass(frozen=True)
class Counted:
    """Makes and checks marks. One is good for a minute, for the method, the principal and the address it was made for.

    The edge takes the header from nobody outside; a mark that somebody makes up is worth nothing without the key.

    Args:
        key: the key of the mesh.
        now: seconds since 1970.
    """

    key: bytes
    now: Callable[[], float] = time.time

    def mark(self, path: str, principal_id: str, address: str) -> str:
        """The value of `mootion-counted`.

        Args:
            path: the gRPC path of the method.
            principal_id: for whom its limits were counted; empty where only those of the address were.
            address: the address as the edge saw it.
        """
        return Stamp(self.key, _SCHEME, self.now).of((path, principal_id, address))

    def is_good(self, mark: str, path: str, principal_id: str, address: str) -> bool:
        """Whether the mark was made for exactly this."""
        return Stamp(self.key, _SCHEME, self.now).is_good(mark, (path, principal_id, address))
