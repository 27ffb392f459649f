"""A server in a process of its own, the load it is put under, and what its rounds found."""

import argparse
import asyncio
import multiprocessing
import socket
import time
from collections.abc import Awaitable, Callable
from multiprocessing.synchronize import Event

import psutil


def loaded(description: str | None) -> argparse.ArgumentParser:
    """The options of a bench that calls servers in rounds."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="rounds after the one that warms up")
    parser.add_argument("--calls", type=int, default=4000, help="calls in a round")
    parser.add_argument("--at-once", type=int, default=16, help="calls under way at a time")
    return parser


class Target:
    """A server process under load."""

    def __init__(self, serve: Callable[[int, Event, str], None], folder: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        ready = spawn.Event()
        self.process = spawn.Process(target=serve, args=(self.port, ready, folder), daemon=True)
        self.process.start()
        if not ready.wait(30):
            raise RuntimeError(f"{serve.__name__} did not start")
        self.rates: list[float] = []
        self.latencies: list[float] = []
        self.cpu: list[float] = []

    def cpu_seconds(self) -> float:
        """Processor time the server has used."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    async def measure(self, call: Callable[[], Awaitable[object]], calls: int, at_once: int) -> None:
        """One round: `calls` calls, `at_once` of them under way; then a tenth of them one after another."""
        cpu, started = self.cpu_seconds(), time.perf_counter()
        await asyncio.gather(*(_repeat(call, calls // at_once) for _ in range(at_once)))
        elapsed = time.perf_counter() - started
        self.rates.append(calls / elapsed)
        self.cpu.append((self.cpu_seconds() - cpu) / calls)
        started = time.perf_counter()
        await _repeat(call, calls // 10)
        self.latencies.append((time.perf_counter() - started) / (calls // 10))


async def _repeat(call: Callable[[], Awaitable[object]], times: int) -> None:
    for _ in range(times):
        await call()


def forget(*targets: Target) -> None:
    """What the first round measured is warming up."""
    for target in targets:
        target.rates.clear()
        target.latencies.clear()
        target.cpu.clear()
