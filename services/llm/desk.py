"""Takes tasks to an engine: from the cache where it can, together with equal requests, and to a stand-in in need."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
import structlog
from google.protobuf.message import Message
from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import task_pb2

from mesh import context
from mesh.breaker import CircuitBreaker, CircuitOpen
from mesh.errors import CallError
from mesh.ports.cache import Cache
from services.llm.engine import Engine, Task
from services.llm.failures import EngineFailure, EngineResting, EngineUnavailable
from services.llm.single_flight import SingleFlight

CACHE_SECONDS = 86_400.0
# Of a call's time, this share but no more than so many seconds is kept back for the stand-in.
STAND_IN_SHARE = 0.3
STAND_IN_SECONDS = 10.0
# An engine that was given less time than this did not fail by being late.
FAIR_SECONDS = 10.0
RETRY_AFTER_SECONDS = 30.0

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Desk:
    """Where tasks are asked for.

    Args:
        engine: does the tasks.
        stand_in: does them when `engine` cannot; replies then say so. None where none may.
        cache: keeps replies by content for a day; one that fails costs time and nothing else.
        breaker: leaves `engine` alone while it fails.
        count: told the engine, the task and the outcome: done, failed, refused or cached.
    """

    engine: Engine
    stand_in: Engine | None
    cache: Cache
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    count: Callable[[str, str, str], None] = lambda engine, task, outcome: None
    flights: SingleFlight[Any] = field(default_factory=SingleFlight)

    async def perform(self, task: Task[Q, R], request: Q) -> R:
        """The reply, with the engine that made it. Equal requests at once get the same message: do not change it.

        Raises:
            CallError: TOO_LITTLE_CONTENT, QUOTA_EXHAUSTED, or ENGINE_UNAVAILABLE where no engine could do it.
        """
        content = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
        reply: R = await self.flights.run(
            f"{task.name}:{content}", lambda: self._perform(task, request, content)
        )
        return reply

    async def close(self) -> None:
        """Ends the engines."""
        await self.engine.close()
        if self.stand_in is not None:
            await self.stand_in.close()

    async def _perform(self, task: Task[Q, R], request: Q, content: str) -> R:
        if self.stand_in is None:
            return await self._last(self.engine, task, request, content)
        try:
            return await self._ask(self.engine, task, request, content, self._guarding())
        except EngineFailure as failure:
            _report(self.engine, task, failure)
        reply = await self._last(self.stand_in, task, request, content)
        _info(reply).fallback = True
        return reply

    async def _last(self, engine: Engine, task: Task[Q, R], request: Q, content: str) -> R:
        try:
            return await self._ask(engine, task, request, content, nullcontext())
        except EngineFailure as failure:
            _report(engine, task, failure)
            raise _unavailable(task) from failure

    async def _ask(
        self,
        engine: Engine,
        task: Task[Q, R],
        request: Q,
        content: str,
        guard: AbstractAsyncContextManager[None],
    ) -> R:
        key = f"llm:{engine.name}:{engine.model}:{engine.revision}:{task.name}:{content}"
        known = await self._known(key)
        if known is not None:
            self.count(engine.name, task.name, "cached")
            return task.reply.FromString(known)
        outcome = "failed"
        try:
            async with guard:
                reply = await task.ask(engine, request)
            outcome = "done"
        except CallError:
            outcome = "refused"
            raise
        finally:
            self.count(engine.name, task.name, outcome)
        _info(reply).CopyFrom(task_pb2.EngineInfo(engine=engine.name, model=engine.model))
        await self._keep(key, reply.SerializeToString(deterministic=True))
        return reply

    async def _known(self, key: str) -> bytes | None:
        try:
            return await self.cache.get(key)
        except OSError as error:
            log.warning("cache does not answer", exc_info=error)
            return None

    async def _keep(self, key: str, reply: bytes) -> None:
        try:
            await self.cache.set(key, reply, CACHE_SECONDS)
        except OSError as error:
            log.warning("cache does not answer", exc_info=error)

    @asynccontextmanager
    async def _guarding(self) -> AsyncIterator[None]:
        try:
            async with self.breaker.guarding(EngineUnavailable), _in_time():
                yield
        except CircuitOpen as refusal:
            raise EngineResting(str(refusal)) from None


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Ends the block early enough for the stand-in to answer within the call's deadline."""
    call = context.current()
    if call is None:
        yield
        return
    left = call.remaining_seconds()
    seconds = left - min(STAND_IN_SECONDS, STAND_IN_SHARE * left)
    try:
        async with asyncio.timeout(seconds) as scope:
            yield
    except TimeoutError:
        if not scope.expired():
            raise
        late = EngineUnavailable if seconds >= FAIR_SECONDS else EngineFailure
        raise late(f"no answer within {seconds:.3g} s") from None


def _info(reply: Any) -> task_pb2.EngineInfo:
    info: task_pb2.EngineInfo = reply.engine
    return info


def _report(engine: Engine, task: Task[Any, Any], failure: EngineFailure) -> None:
    log.warning("engine did not do a task", engine=engine.name, task=task.name, why=type(failure).__name__)


def _unavailable(task: Task[Any, Any]) -> CallError:
    return CallError(
        grpc.StatusCode.UNAVAILABLE,
        reason_pb2.REASON_ENGINE_UNAVAILABLE,
        f"No engine could do {task.name} on this text. Try again later, or with less text.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )
