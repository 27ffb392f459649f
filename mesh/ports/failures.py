"""How a store fails, apart from what the store is: full, or not answering."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}


class StorageFull(OSError):
    """No room is left for what was to be stored; nothing of it was kept."""


class DescriptorsExhausted(OSError):
    """The process or the machine has too many files open; the same call succeeds once some are closed."""


class StorageUnavailable(OSError):
    """The store did not answer in time or not at all; the same call may succeed later."""


def are_descriptors_short() -> bool:
    """Whether this process cannot open a file now, for drivers that do not say why they could not connect."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in _NO_DESCRIPTORS
    return False


@contextmanager
def typed_storage_errors(what: str) -> Iterator[None]:
    """Gives an OSError of a full disk or of too many open files its own class; `what` names the operation."""
    try:
        yield
    except (StorageFull, DescriptorsExhausted, StorageUnavailable):
        raise
    except OSError as error:
        if error.errno in _FULL:
            message = f"{what}: no room is left in the store; free some and repeat"
            raise StorageFull(error.errno, message) from error
        if error.errno in _NO_DESCRIPTORS:
            message = f"{what}: too many files are open; repeat later or raise the limit (ulimit -n)"
            raise DescriptorsExhausted(error.errno, message) from error
        raise
