"""P2: a call through the edge, with its token, its limits and its transcoding, against the same call straight at the
service, in interleaved rounds.

`python -m bench.edge` prints one JSON line. The service runs in a process of its own with every interceptor; it
verifies the token on each path, as the edge does too, and counts the platform's limit of the account. The edge
counts the address. Small calls ask for one document, large ones for 100 passages of 1,000 characters; `limited` is
a small call of a method with limits in its contract, for which the edge asks the rate-limit service first. One
after another on a warm connection: medians over the rounds of each round's median and 95th percentile, in
milliseconds. `calls_a_second` is with 16 under way. `adds_ms` and `throughput_ratio` compare a small call on each
path with the direct one.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import psutil

from bench.edge_calls import Door, direct, registered, rest
from bench.edge_system import Admitting, in_process, settings_in
from gateway.edge import Edge
from gateway.limiter import Limiter
from gateway.rate_limit_service import rate_limit_service
from mesh.config import Settings
from mesh.counted import Counted
from mesh.policy import all_methods
from mesh.secret_keys import read_or_make

AT_ONCE = 16
MOST_ADDED_MILLISECONDS = 0.4
LEAST_THROUGHPUT = 0.6
SMALL = "small"


class Seen:
    """What the rounds found for one call on one path."""

    def __init__(self) -> None:
        self.medians: list[float] = []
        self.tails: list[float] = []
        self.rates: list[float] = []

    def figures(self) -> dict[str, float]:
        """Medians over the rounds."""
        found = {"median_ms": statistics.median(self.medians), "p95_ms": statistics.median(self.tails)}
        if self.rates:
            found["calls_a_second"] = statistics.median(self.rates)
        return {name: round(value, 3) for name, value in found.items()}


async def measure(
    doors: Sequence[Door], rounds: int, calls: int, chance: random.Random
) -> dict[tuple[str, str], Seen]:
    """Every call of every path in each round, in an order drawn anew."""
    order = [(door, name) for door in doors for name in door.calls]
    seen = {(door.name, name): Seen() for door, name in order}
    for _ in range(rounds):
        chance.shuffle(order)
        for door, name in order:
            found = seen[door.name, name]
            times = sorted([await _timed(door, name) for _ in range(calls)])
            found.medians.append(statistics.median(times))
            found.tails.append(times[int(len(times) * 0.95)])
            if name == SMALL:
                found.rates.append(await _rate(door, name, 4 * calls))
    return seen


async def _timed(door: Door, name: str) -> float:
    call = door.calls[name]
    started = time.perf_counter()
    await call(0)
    return (time.perf_counter() - started) * 1000


async def _rate(door: Door, name: str, calls: int) -> float:
    """Calls a second with AT_ONCE under way."""

    async def caller(number: int) -> None:
        for _ in range(calls // AT_ONCE):
            await door.calls[name](number)

    started = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(AT_ONCE)))
    return calls / (time.perf_counter() - started)


def report(
    seen: dict[tuple[str, str], Seen], rounds: int, seed: int, edge: dict[str, float]
) -> dict[str, object]:
    """Passes where REST and gRPC through the edge both stay within what is allowed."""
    figures = {pair: found.figures() for pair, found in seen.items()}
    straight = figures["direct", SMALL]
    added, throughput = {}, {}
    for door in ("grpc", "rest"):
        added[door] = round(figures[door, SMALL]["median_ms"] - straight["median_ms"], 3)
        throughput[door] = round(figures[door, SMALL]["calls_a_second"] / straight["calls_a_second"], 3)
    passed = max(added.values()) <= MOST_ADDED_MILLISECONDS and min(throughput.values()) >= LEAST_THROUGHPUT
    numbers = {
        "adds_ms": added,
        "throughput_ratio": throughput,
        **{f"{door}_{name}": found for (door, name), found in sorted(figures.items())},
        **edge,
    }
    return {"id": "P2", "n": rounds, "seed": seed, "pass": passed, "numbers": numbers}


async def run(rounds: int, calls: int, seed: int, concurrency: int) -> dict[str, object]:
    """Starts everything, measures, and stops everything."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = settings_in(folder)
        await asyncio.to_thread(stack.enter_context, in_process(settings))
        edge = Edge(settings, concurrency=concurrency, limiter=await _limiter(stack, settings))
        await edge.start()
        stack.push_async_callback(edge.stop, 0.1)
        token = await registered(settings)
        doors = [
            await stack.enter_async_context(direct("direct", settings.grpc_port, token, AT_ONCE)),
            await stack.enter_async_context(direct("grpc", settings.edge_port, token, AT_ONCE)),
            await stack.enter_async_context(rest("rest", settings.edge_port, token, AT_ONCE)),
        ]
        chance = random.Random(seed)
        await measure(doors, 1, calls, chance)
        envoy = psutil.Process(edge.pid)
        before = envoy.cpu_times()
        seen = await measure(doors, rounds, calls, chance)
        after = envoy.cpu_times()
        spent = after.user + after.system - before.user - before.system
        through = rounds * calls * sum(1 + (name == SMALL) * 4 for door in doors[1:] for name in door.calls)
        edge_figures = {
            "envoy_resident_mb": round(envoy.memory_info().rss / 1_048_576, 1),
            "envoy_processor_ms_a_call": round(spent * 1000 / through, 3),
        }
    return report(seen, rounds, seed, edge_figures)


async def _limiter(stack: AsyncExitStack, settings: Settings) -> str:
    key = read_or_make(settings.mesh_key, settings.key_dir / "mesh.key", "MOOTION_MESH_KEY")
    limiter = Limiter(Admitting(), Counted(key), all_methods())
    return await stack.enter_async_context(rate_limit_service(limiter))


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=100, help="calls of each kind in a round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=2, help="threads of Envoy")
    options = parser.parse_args()
    made = partial(run, options.rounds, options.calls, options.seed, options.concurrency)
    print(json.dumps(asyncio.run(made())))


if __name__ == "__main__":
    main()
