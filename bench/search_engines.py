"""The index on Elasticsearch beside the embedded one: how fast each takes passages in and answers.

usage: python -m bench.search_engines [--url URL] [--passages N] [--json]

The passages and queries of `bench.search`. Each document goes into both in turn by one `replace`, and each query is
asked of both in turn, for the best 20 hits with their text and highlights. Then so many ask at the same time. Without
`--url` a test node is started on this machine, which has the heap of `tests/elasticsearch`; a real cluster has more.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from bench.search import (
    HITS,
    SEED,
    Engine,
    Language,
    Ours,
    asked_in_turn,
    documents,
    indexed,
    mistyped,
    percentiles,
    print_table,
    queries,
    seconds_to_find,
)
from mesh.ports.index import Entry, IndexQuery, Replacement
from mesh.ports.index_elasticsearch import ElasticsearchIndex
from tests.elasticsearch.node import Elasticsearch

PASSAGES = 20_000
AT_ONCE = 8


class Scaled:
    """The adapter for many processes, in an index of its own."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.Runner()
        self._index = self._loop.run(_opened(url))

    def add(self, entries: Sequence[Entry]) -> None:
        change = Replacement(["PASSAGE"], entries[0].document_id, entries=entries)
        self._loop.run(self._index.replace(change))

    def find(self, owner: str, words: str) -> int:
        return len(self._loop.run(self._index.search(IndexQuery(owner, words, limit=HITS))).hits)

    def find_together(self, asked: Sequence[tuple[str, str]]) -> tuple[float, list[float]]:
        """Asks so many at a time; returns how many were answered a second, and how long each took."""
        return self._loop.run(self._together(asked))

    async def _together(self, asked: Sequence[tuple[str, str]]) -> tuple[float, list[float]]:
        waiting, waits = list(asked), []

        async def ask() -> None:
            while waiting:
                owner, words = waiting.pop()
                began = time.perf_counter()
                await self._index.search(IndexQuery(owner, words, limit=HITS))
                waits.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        return len(waits) / (time.perf_counter() - began), waits

    def close(self) -> None:
        self._loop.run(self._index.close())
        self._loop.close()


async def _opened(url: str) -> ElasticsearchIndex:
    return ElasticsearchIndex(url, alias=f"bench-{uuid4().hex}")


def measure(url: str, folder: Path, passages: int) -> dict[str, dict[str, float]]:
    """Figures by engine."""
    chance = random.Random(SEED)
    language, scaled = Language(chance), Scaled(url)
    engines: dict[str, Engine] = {"ours": Ours(folder), "elasticsearch": scaled}
    seconds, samples = indexed(engines, documents(language, chance, passages), chance)
    asked = queries(language, chance, samples)
    waits = asked_in_turn(engines, asked, chance)
    wrong = mistyped(chance, asked)
    figures = {name: {"passages_per_second": passages / seconds[name]} for name in engines}
    for name, engine in engines.items():
        figures[name] |= percentiles("query", [wait for _length, wait in waits[name]])
        figures[name] |= percentiles("mistyped", [seconds_to_find(engine, each)[0] for each in wrong])
    rate, together = scaled.find_together([each for _length, each in asked] * 3)
    figures["elasticsearch"] |= {"queries_per_second": rate} | percentiles(f"{AT_ONCE}_at_once", together)
    for engine in engines.values():
        engine.close()
    return figures


class Measured(Elasticsearch):
    """The test node with both compilers, as a node that stays."""

    java_options = ()


@contextmanager
def serving(url: str | None, folder: Path) -> Iterator[str]:
    """The address that is given, or that of a test node while the block lasts."""
    if url is not None:
        yield url
        return
    node = Measured(folder, tethered=True)
    node.start()
    try:
        yield node.url
    finally:
        node.kill()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="an Elasticsearch that may be written to")
    parser.add_argument("--passages", type=int, default=PASSAGES)
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="mootion-bench-") as folder,
        serving(options.url, Path(folder)) as url,
    ):
        figures = measure(url, Path(folder) / "ours", options.passages)
    if not options.json:
        print_table(figures)
    numbers = {name: {row: round(value, 2) for row, value in part.items()} for name, part in figures.items()}
    print(json.dumps({"id": "search-engines", "n": options.passages, "seed": SEED, "numbers": numbers}))


if __name__ == "__main__":
    main()
