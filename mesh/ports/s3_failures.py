"""What the failures of an S3 store mean to callers of the port."""

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from mesh.ports.blobs import BlobNotFound
from mesh.ports.failures import DescriptorsExhausted, StorageFull, StorageUnavailable
from mesh.ports.passing import SourceFailed

# Status 507 (RFC 4918) and the codes by which stores of this kind say that a disk or a quota is full.
_FULL = ("507 Insufficient", "InsufficientStorage", "QuotaExceeded", "StorageFull")
_NO_DESCRIPTORS = "TooManyOpenFiles"
_BEYOND = "416 Range"


class BeyondTheEnd(Exception):
    """The range starts where the blob has ended."""


@contextmanager
def typed_s3_errors(key: str, missing: type[Exception] | None = BlobNotFound) -> Iterator[None]:
    """Gives failures of the store the classes that `Blobs` names.

    Args:
        key: of the blob that is asked for.
        missing: what stands for an object that is not there; None where only the bucket can be missing.
    """
    try:
        yield
    except FileNotFoundError as error:
        if missing is None:
            raise StorageUnavailable(f"blob {key!r}: the bucket of BLOB_URL is missing; make it") from error
        raise missing(key) from None
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageUnavailable(
            f"blob {key!r}: the store refuses the key; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and its rights"
        ) from error
    except BaseError as error:
        raise _typed(f"blob {key!r}", error) from error


@contextmanager
def storing(key: str) -> Iterator[None]:
    """The same for an upload; an exception of the chunks' source goes on as it was."""
    try:
        with typed_s3_errors(key, missing=None):
            yield
    except SourceFailed as failed:
        raise failed.cause from None


def _typed(what: str, error: BaseError) -> Exception:
    text = str(error)
    if _BEYOND in text:
        return BeyondTheEnd(what)
    if any(sign in text for sign in _FULL):
        return StorageFull(f"{what}: no room is left in the bucket of BLOB_URL; free some and repeat")
    if _NO_DESCRIPTORS in text:
        return DescriptorsExhausted(
            f"{what}: too many files are open; repeat later or raise the limit (ulimit -n)"
        )
    return StorageUnavailable(f"{what}: the store of BLOB_URL does not answer; repeat later")
