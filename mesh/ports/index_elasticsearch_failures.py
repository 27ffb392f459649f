"""How Elasticsearch fails, in the words of the ports."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import ApiError, TransportError
from elasticsearch.helpers import ScanError

from mesh.ports.failures import StorageFull, StorageUnavailable

_NO_ROOM = "flood-stage watermark"
_HELD_UP = "cluster_block_exception"
_GONE = "index_not_found_exception"
_BUSY = {429, 502, 503, 504}


@contextmanager
def typed_index_errors() -> Iterator[None]:
    """Gives a failure that the caller may wait out, or that wants more disk, its own class; others are passed on.

    Raises:
        StorageUnavailable: no answer in time, too much to do, or writes are held up while the index is moved.
        StorageFull: Elasticsearch refuses writes because its disk is nearly full.
    """
    try:
        yield
    except TransportError as error:
        raise StorageUnavailable(
            "index: Elasticsearch does not answer; see that it runs, and repeat"
        ) from error
    except ScanError as error:
        raise StorageUnavailable("index: Elasticsearch lacks a shard; repeat later") from error
    except ApiError as error:
        failure = failure_of(error.meta.status, str(error.body))
        if failure is None:
            raise
        raise failure from error


def failure_of(status: int, text: str) -> StorageFull | StorageUnavailable | None:
    """What an answer of Elasticsearch means to the caller; None where a repeat does not help."""
    if _NO_ROOM in text:
        return StorageFull(
            errno.ENOSPC, "index: the disk of Elasticsearch is nearly full; free some and repeat"
        )
    if _HELD_UP in text:
        return StorageUnavailable("index: writes are held up while the index is moved; repeat")
    if _GONE in text:
        return StorageUnavailable("index: it was removed; it is made again, and `mootion reconcile` fills it")
    if status in _BUSY:
        return StorageUnavailable("index: Elasticsearch has too much to do or lacks a shard; repeat later")
    return None
