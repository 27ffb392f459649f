"""What the failures of the embedded index mean to callers of the port."""

from collections.abc import Iterator
from contextlib import contextmanager

from mesh.ports.failures import DescriptorsExhausted, StorageFull

# tantivy raises a ValueError whatever it was, with what Rust calls the kind of an error of the machine below.
_FULL = ("StorageFull", "QuotaExceeded", "No space left on device")
_NO_DESCRIPTORS = "TooManyOpenFiles"


@contextmanager
def typed_index_errors() -> Iterator[None]:
    """Gives failures for want of room or of descriptors the classes of `failures`: the same change succeeds later."""
    try:
        yield
    except ValueError as error:
        text = str(error)
        if any(sign in text for sign in _FULL):
            raise StorageFull("index: no room is left to write; free some and repeat") from error
        if _NO_DESCRIPTORS in text:
            raise DescriptorsExhausted(
                "index: too many files are open; repeat later or raise the limit (ulimit -n)"
            ) from error
        raise
