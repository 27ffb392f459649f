"""The request id of the call being served, for those who store its reply."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True)
class IdempotentRequest:
    """What names one creation: whose it is, the full method name, the caller's request id, a hash of the body.

    `kept` gives what is stored of the reply: the reply itself, or sealed where it holds secrets.
    """

    principal: str
    method: str
    request_id: str
    body_hash: bytes
    kept: Callable[[bytes], bytes] = field(default=bytes, compare=False)


_current: ContextVar[Callable[[], IdempotentRequest] | None] = ContextVar(
    "mootion_idempotent_request", default=None
)


def current_request() -> IdempotentRequest | None:
    """The request being served when it carries a request id, otherwise None.

    Raises:
        RuntimeError: the request is a stream that the handler has not read to its end, so its hash is not known.
    """
    request = _current.get()
    return None if request is None else request()


@contextmanager
def serving(request: Callable[[], IdempotentRequest]) -> Iterator[None]:
    """Makes a request the current one while the block lasts.

    Args:
        request: gives it when it is asked for; the hash of a stream is known only at its end.
    """
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)
