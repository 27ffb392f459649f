"""The request id of the call being served, for those who store its reply."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class IdempotentRequest:
    """What names one creation: whose it is, the full method name, the caller's request id, a hash of the body."""

    principal: str
    method: str
    request_id: str
    body_hash: bytes


_current: ContextVar[IdempotentRequest | None] = ContextVar("mootion_idempotent_request", default=None)


def current_request() -> IdempotentRequest | None:
    """The request being served when it carries a request id, otherwise None."""
    return _current.get()


@contextmanager
def serving(request: IdempotentRequest) -> Iterator[None]:
    """Makes a request the current one while the block lasts."""
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)
