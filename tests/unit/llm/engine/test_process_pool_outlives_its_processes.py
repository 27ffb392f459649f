"""The pool starts processes late, replaces dead ones, and is never blocked for ever."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.llm.failures import EngineUnavailable
from services.llm.process_frames import Outcome
from services.llm.process_pool import ProcessPool
from tests.stopwatch import needing_less_than, undisturbed

COMMAND = (sys.executable, str(Path(__file__).with_name("obedient_process.py")))


@asynccontextmanager
async def pool_of(
    size: int = 1, most_seconds: float = 20.0, finish_seconds: float = 0.2, idle_seconds: float = 60.0
) -> AsyncIterator[ProcessPool]:
    pool = ProcessPool(size, COMMAND, most_seconds, finish_seconds, idle_seconds)
    try:
        yield pool
    finally:
        await pool.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_no_process_lives_before_the_first_task_and_one_serves_all_that_follow() -> None:
    async with pool_of() as pool:
        assert pool.pids == []
        pids = {(await pool.run("pid", b""))[1] for _ in range(3)}
        assert pids == {b"%d" % pid for pid in pool.pids}
        assert len(pids) == 1


async def test_large_messages_arrive_whole() -> None:
    async with pool_of() as pool:
        body = os.urandom(5_000_000)
        assert await pool.run("echo", body) == (Outcome.DONE, body)


async def test_tasks_beyond_the_number_of_processes_wait_their_turn() -> None:
    async with pool_of(size=2) as pool:
        replies = await asyncio.gather(*(pool.run("sleep", b"0.05") for _ in range(6)))
        assert len({pid for _, pid in replies}) == 2


async def test_a_process_killed_while_idle_is_replaced_unseen() -> None:
    async with pool_of() as pool:
        _, first = await pool.run("pid", b"")
        os.kill(int(first), signal.SIGKILL)
        _, second = await pool.run("pid", b"")
        assert second != first


async def test_a_process_killed_in_the_middle_of_a_task_does_it_again_in_another(tmp_path: Path) -> None:
    async with pool_of() as pool:
        outcome, _ = await pool.run("die-once", str(tmp_path / "died").encode())
        assert outcome == Outcome.DONE


async def test_a_task_that_kills_every_process_fails_and_the_next_one_succeeds() -> None:
    async with pool_of() as pool:
        with pytest.raises(EngineUnavailable):
            await pool.run("die", b"")
        assert (await pool.run("echo", b"after"))[1] == b"after"


async def test_a_task_that_takes_too_long_is_ended_with_its_process() -> None:
    async with pool_of() as pool:
        _, pid = await pool.run("pid", b"")
        with (
            pytest.MonkeyPatch.context() as patch,
            pytest.raises(EngineUnavailable, match="the task took longer than"),
        ):
            patch.setattr(pool, "_most_seconds", 0.5)
            await pool.run("sleep", b"60")
        _, next_pid = await pool.run("pid", b"")
        assert next_pid != pid
        assert not is_alive(int(pid))


async def test_a_cancelled_task_gives_its_place_to_the_next_and_keeps_a_process_that_finishes_soon(
    tmp_path: Path,
) -> None:
    async with pool_of(finish_seconds=60.0) as pool:
        _, pid = await pool.run("pid", b"")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.run("until", str(tmp_path / "told").encode()), 0.1)
        (tmp_path / "told").touch()
        assert (await pool.run("pid", b""))[1] == pid


async def test_a_cancelled_task_that_goes_on_is_ended_with_its_process() -> None:
    async with pool_of(finish_seconds=0.1) as pool:
        await pool.run("pid", b"")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.run("sleep", b"60"), 0.1)
        began = time.monotonic()
        assert (await pool.run("echo", b"next"))[1] == b"next"
        assert time.monotonic() - began < 30


async def test_a_task_cancelled_while_it_waits_takes_no_place(tmp_path: Path) -> None:
    async with pool_of() as pool:
        running = asyncio.create_task(pool.run("until", str(tmp_path / "told").encode()))
        await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.run("echo", b"never"), 0.05)
        (tmp_path / "told").touch()
        await running
        assert (await pool.run("echo", b"next"))[1] == b"next"


async def test_a_process_without_work_is_ended_after_a_while_and_another_starts_when_needed() -> None:
    async def idle(seconds: float) -> None:
        async with pool_of(idle_seconds=seconds) as pool:
            _, first = await pool.run("pid", b"")
            with needing_less_than(seconds):
                await asyncio.sleep(seconds / 2)
                assert (await pool.run("pid", b""))[1] == first
            await asyncio.sleep(2 * seconds)
            assert pool.pids == []
            assert (await pool.run("pid", b""))[1] != first

    await undisturbed(idle, 0.2, 1, 5)


async def test_processes_do_not_see_the_secrets_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    async with pool_of() as pool:
        _, names = await pool.run("environment", b"")
        assert b"OPENAI_API_KEY" not in names
        assert b"PATH" in names


async def test_closing_ends_every_process() -> None:
    async with pool_of(size=2) as pool:
        await asyncio.gather(*(pool.run("sleep", b"0.05") for _ in range(2)))
        pids = pool.pids
    assert len(pids) == 2
    assert not any(is_alive(pid) for pid in pids)


async def test_a_task_in_the_middle_of_closing_fails_and_starts_no_process() -> None:
    async with pool_of() as pool:
        await pool.run("pid", b"")
        running = asyncio.create_task(pool.run("sleep", b"60"))
        await asyncio.sleep(0.05)
        await pool.close()
        with pytest.raises(EngineUnavailable):
            await running
        assert pool.pids == []


SERVER = """
import asyncio
from services.llm.process_pool import ProcessPool
async def main():
    pool = ProcessPool()
    print((await asyncio.gather(pool.run("ExtractConcepts", b""), return_exceptions=True)) and pool.pids[0], flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_the_analysis_process_dies_with_a_server_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        assert is_alive(pid)
        server.kill()
    ends = time.monotonic() + 60
    while is_alive(pid) and time.monotonic() < ends:
        time.sleep(0.02)
    assert not is_alive(pid)
