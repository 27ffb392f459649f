"""Makes every handler of a Mootion process fail when a call asks for it; it is imported where this folder is on
PYTHONPATH."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

HEADER = "x-proof-raise"
CANARY = "PROOFS_RAISED_CANARY"


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError(os.environ[CANARY])


def kinds(canary: str) -> dict[str, Callable[[], BaseException]]:
    """Exceptions that carry the text in every way that an exception can."""
    from sqlalchemy.exc import IntegrityError

    def chained() -> BaseException:
        try:
            try:
                raise KeyError(canary)
            except KeyError as cause:
                raise ValueError(f"told {canary}") from cause
        except ValueError as error:
            return error

    def noted() -> BaseException:
        error = RuntimeError("nothing here")
        error.add_note(canary)
        return error

    def statement() -> BaseException:
        return IntegrityError(f"INSERT INTO t VALUES ('{canary}')", {"secret": canary}, Exception(canary))

    return {
        "runtime": lambda: RuntimeError(f"failed with {canary}"),
        "chained": chained,
        "group": lambda: ExceptionGroup(canary, [ValueError(canary), OSError(2, canary, f"/{canary}")]),
        "noted": noted,
        "statement": statement,
        "file": lambda: FileNotFoundError(2, "No such file", f"/etc/{canary}"),
        "key": lambda: KeyError(canary),
        "unicode": lambda: UnicodeDecodeError("utf-8", canary.encode(), 0, 1, canary),
        "unprintable": lambda: _Unprintable(canary),
        "environment": lambda: RuntimeError(repr(dict(os.environ))),
        "timeout": lambda: TimeoutError(canary),
        "cancelled": lambda: asyncio.InvalidStateError(canary),
        "memory": lambda: MemoryError(canary),
        "recursion": lambda: RecursionError(canary),
        "assertion": lambda: AssertionError(canary),
        "stopped": lambda: StopIteration(canary),
    }


def _patch_grpc(raised: dict[str, Callable[[], BaseException]]) -> None:
    from mesh.interceptors import adapter

    innermost = adapter._innermost

    def failing(method: Any, behaviour: Any) -> Any:
        serve = innermost(method, behaviour)

        async def fail(call: Any) -> bytes:
            kind = call.text(HEADER)
            if kind in raised:
                raise raised[kind]()
            reply: bytes = await serve(call)
            return reply

        return fail

    adapter._innermost = failing


def _patch_http(raised: dict[str, Callable[[], BaseException]]) -> None:
    from mesh.http import CallMiddleware

    opened: Any = CallMiddleware.__init__

    def wrapped(self: Any, application: Any, *rest: Any) -> None:
        async def fail(scope: Any, receive: Any, send: Any) -> None:
            for name, value in scope.get("headers", ()):
                if name.decode() == HEADER and value.decode() in raised:
                    raise raised[value.decode()]()
            await application(scope, receive, send)

        opened(self, fail, *rest)

    CallMiddleware.__init__ = wrapped  # type: ignore[assignment, method-assign]


if CANARY in os.environ and "cli" in sys.orig_argv:
    _raised = kinds(os.environ[CANARY])
    _patch_grpc(_raised)
    _patch_http(_raised)
