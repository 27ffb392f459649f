"""Processes for work that would hold up the server: started when first needed, replaced when they die.

`concurrent.futures.ProcessPoolExecutor` does not fit: its spawned processes import the server's main module again,
inherit its environment with the keys in it, outlive a server that is killed, and a task that hangs cannot be ended.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from services.llm import process_frames
from services.llm.failures import EngineUnavailable
from services.llm.process_frames import Outcome

COMMAND = (sys.executable, "-m", "services.llm.analysis_process")
INHERITED = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
MOST_SECONDS = 120.0
FINISH_SECONDS = 2.0
# A process takes a third of a second to start, and holds 75 MB and the texts it worked on.
IDLE_SECONDS = 300.0
STARTS_FOR_A_TASK = 2


class ProcessDied(Exception):
    """The process ended before it replied."""


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.retirement: asyncio.TimerHandle | None = None

    @classmethod
    async def start(cls, command: Sequence[str]) -> "_Worker":
        pipe = asyncio.subprocess.PIPE
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        # The same text gives the same bytes in every process.
        environment["PYTHONHASHSEED"] = "0"
        try:
            return cls(
                await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=environment)
            )
        except OSError as error:
            raise EngineUnavailable("the analysis process does not start") from error

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, question: bytes) -> tuple[Outcome, bytes]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ProcessDied
        try:
            stdin.write(question)
            await stdin.drain()
            return await process_frames.read_answered(stdout)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ProcessDied from error

    def stay(self) -> None:
        """Calls off its retirement."""
        if self.retirement is not None:
            self.retirement.cancel()

    async def end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


class ProcessPool:
    """Gives each task to an idle process; more tasks than processes wait.

    Args:
        size: processes at the most; the first starts with the first task.
        most_seconds: a task that takes longer is ended with its process.
        finish_seconds: how long a task that nobody waits for any more may go on before its process is ended.
        idle_seconds: a process without work for so long is ended, which frees its memory.
    """

    def __init__(
        self,
        size: int = 1,
        command: Sequence[str] = COMMAND,
        most_seconds: float = MOST_SECONDS,
        finish_seconds: float = FINISH_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._command = command
        self._most_seconds = most_seconds
        self._finish_seconds = finish_seconds
        self._idle_seconds = idle_seconds
        self._places = asyncio.Semaphore(size)
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._settling: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """Processes that live now."""
        return [worker.pid for worker in (*self._idle, *self._busy) if worker.alive]

    async def run(self, task: str, request: bytes) -> tuple[Outcome, bytes]:
        """Does a task; once more where the process dies meanwhile.

        Raises:
            EngineUnavailable: the process died twice, or the task took longer than is allowed.
        """
        question = process_frames.asked(task, request)
        for _ in range(STARTS_FOR_A_TASK):
            try:
                return await self._ask(question)
            except ProcessDied:
                continue
        raise EngineUnavailable(f"the analysis process died {STARTS_FOR_A_TASK} times on one task")

    async def close(self) -> None:
        """Ends all processes, whatever they do. No task is done afterwards."""
        self._closed = True
        for settling in self._settling:
            settling.cancel()
        workers = [*self._idle, *self._busy]
        self._idle.clear()
        for worker in workers:
            worker.stay()
        await asyncio.gather(*(worker.end() for worker in workers))

    async def _ask(self, question: bytes) -> tuple[Outcome, bytes]:
        await self._places.acquire()
        try:
            worker = await self._worker()
        except BaseException:
            self._places.release()
            raise
        asking = asyncio.create_task(worker.ask(question))
        try:
            return await asyncio.wait_for(asyncio.shield(asking), self._most_seconds)
        except TimeoutError:
            raise EngineUnavailable(f"the task took longer than {self._most_seconds:g} s") from None
        finally:
            self._settle(worker, asking)

    async def _worker(self) -> _Worker:
        if self._closed:
            raise EngineUnavailable("the server stops")
        while self._idle:
            worker = self._idle.pop()
            worker.stay()
            if worker.alive:
                break
        else:
            worker = await _Worker.start(self._command)
        self._busy.add(worker)
        return worker

    def _settle(self, worker: _Worker, asking: "asyncio.Task[tuple[Outcome, bytes]]") -> None:
        if asking.done() and asking.exception() is None:
            self._free(worker)
            return
        self._keep(asyncio.create_task(self._finish(worker, asking)))

    async def _finish(self, worker: _Worker, asking: "asyncio.Task[tuple[Outcome, bytes]]") -> None:
        """Lets a task end that nobody waits for, for a while, and frees its place."""
        try:
            await asyncio.wait_for(asking, self._finish_seconds)
        except Exception:
            await worker.end()
        finally:
            asking.cancel()
            self._free(worker)

    def _free(self, worker: _Worker) -> None:
        self._busy.discard(worker)
        if worker.alive:
            self._idle.append(worker)
            loop = asyncio.get_running_loop()
            worker.retirement = loop.call_later(self._idle_seconds, self._retire, worker)
        self._places.release()

    def _retire(self, worker: _Worker) -> None:
        self._idle.remove(worker)
        self._keep(asyncio.create_task(worker.end()))

    def _keep(self, settling: "asyncio.Task[None]") -> None:
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)
