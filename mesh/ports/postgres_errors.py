"""What PostgreSQL and its driver say when they fail, in the classes of `failures`."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mesh.ports.failures import (
    DescriptorsExhausted,
    StorageFull,
    StorageUnavailable,
    are_descriptors_short,
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_FULL = ("53100",)
_CONFLICT = ("40001", "40P01")
_TOO_LONG = ("57014", "55P03", "25P03", "25P04")
# 08 connection, 25006 a standby was met, 53 resources, 57P shut down, 58 the machine below, XX damaged.
_NO_ANSWER = ("08", "25006", "53", "57P", "58", "XX")


@contextmanager
def typed_postgres_errors() -> Iterator[None]:
    """Gives failures that are not the statement's own fault the classes of `failures`."""
    try:
        yield
    except PoolTimeout as error:
        raise StorageUnavailable(
            "database: all connections of this process are in use; repeat later"
        ) from error
    except (DBAPIError, psycopg.Error) as error:
        failure = _failure(error)
        if failure is None:
            raise
        raise failure from error


def is_conflict(error: BaseException | None) -> bool:
    """Whether the same statement may succeed at once, because it only met another one at a bad time."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _CONFLICT


def _failure(error: DBAPIError | psycopg.Error) -> OSError | None:
    below = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(below, "sqlstate", None) or ""
    if state.startswith(_FULL):
        return StorageFull("database: no room is left to write; free some and repeat")
    if state in _CONFLICT:
        return StorageUnavailable("database: another unit of work changed the same rows; repeat")
    if state in _TOO_LONG:
        return StorageUnavailable("database: the statement took too long and was ended; repeat later")
    if state.startswith(_NO_ANSWER):
        return StorageUnavailable("database: the server does not answer or is shutting down; repeat later")
    if not state and isinstance(below, (psycopg.OperationalError, psycopg.InterfaceError)):
        if are_descriptors_short():
            return DescriptorsExhausted(
                "database: too many files are open; repeat later or raise the limit (ulimit -n)"
            )
        return StorageUnavailable("database: the connection was lost or could not be made; repeat later")
    return None
