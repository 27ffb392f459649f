"""P2: a call through the edge, with its token, its limits and its transcoding, against the same call straight at the
service and through an Envoy that only passes it on, in interleaved rounds.

`python -m bench.edge` prints one JSON line. The services run in a process of their own with every interceptor, and
beside them the rate-limit service, as in `mootion up`. They verify the token on each path, as the edge does too, and
count the platform's limit of the account; the edge counts the address. Paths: `direct`, `hop` (Envoy with the edge's
routes and clusters and the router as its only filter), `grpc` and `rest` (the edge). Small calls ask for one document,
large ones for 100 passages of 1,000 characters; `limited` is a small call of a method with limits in its contract, for
which the edge asks the rate-limit service first.

`*_ms`: one call after another on a warm connection, medians over the rounds of each round's median and 95th percentile,
in milliseconds. `calls_a_second` is with 16 under way, and `envoy_us` Envoy's processor time for one of those, in
microseconds. `adds_ms` and `throughput_ratio` compare a small call on each path with the direct one, `adds_to_hop_ms`
with that through the bare Envoy, and `limit_adds_ms` a limited call with a small one on the same path.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.edge_calls import Door, by_grpc, by_rest, registered
from bench.edge_hop import Hop
from bench.edge_system import in_process, settings_in
from gateway.edge import Edge
from mesh.testing import free_port

AT_ONCE = 16
MOST_ADDED_MILLISECONDS = 0.4
LEAST_THROUGHPUT = 0.6
SMALL, LIMITED = "small", "limited"
DIRECT, HOP, GRPC, REST = "direct", "hop", "grpc", "rest"


class Seen:
    """What the rounds found for one call on one path."""

    def __init__(self) -> None:
        self.medians: list[float] = []
        self.tails: list[float] = []
        self.rates: list[float] = []
        self.spent: list[float] = []

    def figures(self) -> dict[str, float]:
        """Medians over the rounds; of processor time, which is counted in hundredths of a second, the mean."""
        found = {"median_ms": self.medians, "p95_ms": self.tails, "calls_a_second": self.rates}
        figures = {name: round(statistics.median(values), 3) for name, values in found.items() if values}
        if self.spent:
            figures["envoy_us"] = round(statistics.mean(self.spent), 1)
        return figures


Rounds = dict[tuple[str, str], Seen]


async def measure(doors: Sequence[Door], rounds: int, calls: int, chance: random.Random) -> Rounds:
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
                before = _processor_seconds(door)
                found.rates.append(await _rate(door, name, 4 * calls))
                if door.envoy is not None:
                    found.spent.append((_processor_seconds(door) - before) * 1e6 / (4 * calls))
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


def _processor_seconds(door: Door) -> float:
    if door.envoy is None:
        return 0.0
    times = door.envoy.cpu_times()
    return float(times.user + times.system)


def report(seen: Rounds, rounds: int, seed: int, resident_mb: dict[str, float]) -> dict[str, object]:
    """Passes where REST and gRPC through the edge both stay within what is allowed."""
    figures = {pair: found.figures() for pair, found in seen.items()}
    small = {door: found for (door, name), found in figures.items() if name == SMALL}
    added, throughput = {}, {}
    for door in (HOP, GRPC, REST):
        added[door] = round(small[door]["median_ms"] - small[DIRECT]["median_ms"], 3)
        throughput[door] = round(small[door]["calls_a_second"] / small[DIRECT]["calls_a_second"], 3)
    judged = (GRPC, REST)
    passed = all(
        added[door] <= MOST_ADDED_MILLISECONDS and throughput[door] >= LEAST_THROUGHPUT for door in judged
    )
    limit_adds = {door: figures[door, LIMITED]["median_ms"] - small[door]["median_ms"] for door in judged}
    numbers = {
        "adds_ms": added,
        "adds_to_hop_ms": round(added[GRPC] - added[HOP], 3),
        "limit_adds_ms": {door: round(value, 3) for door, value in limit_adds.items()},
        "throughput_ratio": throughput,
        "envoy_resident_mb": resident_mb,
        **{f"{door}_{name}": found for (door, name), found in sorted(figures.items())},
    }
    return {"id": "P2", "n": rounds, "seed": seed, "pass": passed, "numbers": numbers}


async def run(rounds: int, calls: int, seed: int, concurrency: int) -> dict[str, object]:
    """Starts everything, measures, and stops everything."""
    async with paths(concurrency) as doors:
        chance = random.Random(seed)
        await measure(doors, 1, calls, chance)
        seen = await measure(doors, rounds, calls, chance)
        return report(seen, rounds, seed, _resident(doors))


def _resident(doors: Sequence[Door]) -> dict[str, float]:
    return {
        door.name: round(door.envoy.memory_info().rss / 1_048_576, 1)
        for door in doors
        if door.envoy is not None and door.name != REST
    }


@asynccontextmanager
async def paths(concurrency: int) -> AsyncIterator[list[Door]]:
    """The ways to the same services while the block lasts."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = settings_in(folder)
        limiter = await asyncio.to_thread(stack.enter_context, in_process(settings))
        (folder / HOP).mkdir()
        beside = replace(settings, data_dir=folder / HOP, edge_port=free_port(), edge_admin_port=free_port())
        pids = []
        for envoy in (
            Edge(settings, concurrency=concurrency, limiter=limiter),
            Hop(beside, concurrency=concurrency),
        ):
            await envoy.start()
            stack.push_async_callback(envoy.stop, 0.1)
            pids.append(envoy.pid)
        token = await registered(settings)
        edge, hop = pids
        yield [
            await stack.enter_async_context(door)
            for door in (
                by_grpc(DIRECT, settings.grpc_port, token),
                by_grpc(HOP, beside.edge_port, token, hop),
                by_grpc(GRPC, settings.edge_port, token, edge),
                by_rest(REST, settings.edge_port, token, AT_ONCE, edge),
            )
        ]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=100, help="calls of each kind in a round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=2, help="threads of each Envoy")
    options = parser.parse_args()
    made = partial(run, options.rounds, options.calls, options.seed, options.concurrency)
    print(json.dumps(asyncio.run(made())))


if __name__ == "__main__":
    main()
