"""How well the embedded index finds the section that answers, against the textbook's own labels; no network.

usage: python -m bench.retrieval [--corpus DIR] [--format pdf|docx] [--semantic] [--json]

Reads each chapter with the document reader, indexes its passages as the Search service does, and asks it the gold
questions; MRR@10 is by the corpus's own `score.py`, beside a plain BM25 over the same passages. Whether other queries
find their section too is measured the same way: the names of key terms, their definitions, and learning objectives.
The last row asks all chapters in one library, where the chapter has to be found as well. Latency: each query through
the index, alone. With --semantic the best passages are ranked by meaning too (needs requirements-semantic.txt).
"""

import argparse
import asyncio
import importlib.util
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mootion.document.v1.document_pb2 import Passage

from bench.understanding import Ranking
from mesh.ports.embeddings import Embeddings, open_embeddings
from mesh.ports.index import IndexQuery, Replacement
from mesh.ports.index_likeness import Likeness
from mesh.ports.index_tantivy import TantivyIndex
from services.search.entries import passage_entry
from workers.documents.sandbox import read_document

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "dev"
OWNER = "bench"
KINDS = ("questions", "terms", "definitions", "objectives")
MOST_CHARACTERS = 500
TARGET = 0.90
Ask = Callable[[str], list[Passage]]


@dataclass(frozen=True)
class Chapter:
    """A chapter's passages and, for each kind of query, what is asked and the section that answers it."""

    name: str
    passages: Sequence[Passage]
    sections: dict[str, str]
    asked: dict[str, list[tuple[str, str]]]
    place: Callable[[str, dict[str, str]], str | None]

    def ranks(self, kind: str, ask: Ask) -> list[float]:
        """One over the place of the first passage from the right section, 0 beyond the tenth, for each query."""
        return [self._rank(section, ask(query[:MOST_CHARACTERS])[:10]) for query, section in self.asked[kind]]

    def _rank(self, section: str, found: Sequence[Passage]) -> float:
        for position, passage in enumerate(found, 1):
            if passage.document_id == self.name and self.place(passage.text, self.sections) == section:
                return 1 / position
        return 0.0


def main() -> int:
    """Prints the figures; 0 also where there is no corpus to read."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--format", choices=("pdf", "docx"), default="pdf")
    parser.add_argument("--semantic", action="store_true", help="rank by meaning too")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    arguments = parser.parse_args()
    golds = sorted(arguments.corpus.glob("*.json"))
    if not golds:
        print(f"skipped: no chapters with labels in {arguments.corpus.name}; pass --corpus", file=sys.stderr)
        return 0
    score = _scorer(arguments.corpus.parent / "score.py")
    chapters = [_chapter(gold, arguments.format, score) for gold in golds]
    numbers = asyncio.run(_measured(chapters, arguments.semantic, arguments.json))
    passed = numbers["mrr10"] >= TARGET
    print(json.dumps({"id": "retrieval", "n": len(chapters), "seed": 0, "pass": passed, "numbers": numbers}))
    return 0


def _scorer(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(
            f"{path.name} is not beside the chapters; --corpus must name its folder's `dev`"
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _chapter(gold: Path, file_format: str, score: ModuleType) -> Chapter:
    labels: dict[str, Any] = json.loads(gold.read_text())
    title = {section["id"]: section["title"] for section in labels["sections"]}
    terms = [term for term in labels["key_terms"] if term.get("section") in title]
    asked = {
        "questions": [(item["question"], title[item["section"]]) for item in labels["questions"]],
        "terms": [(term["term"], title[term["section"]]) for term in terms],
        "definitions": [(term["definition"], title[term["section"]]) for term in terms],
        "objectives": [(text, part["title"]) for part in labels["sections"] for text in part["objectives"]],
    }
    source = gold.with_suffix(f".{file_format}")
    passages = list(read_document(source, source.name, gold.stem).passages)
    sections = score.sections_of(gold.with_suffix(".html").read_text())
    return Chapter(gold.stem, _named(passages, gold.stem), sections, asked, score.place)


def _named(passages: Sequence[Passage], document_id: str) -> list[Passage]:
    for passage in passages:
        passage.document_id = document_id
    return list(passages)


async def _measured(chapters: Sequence[Chapter], semantic: bool, quiet: bool) -> dict[str, float]:
    embeddings = open_embeddings() if semantic else None
    rows = [
        await _compared(chapter.name, [chapter], chapter.passages, embeddings, quiet) for chapter in chapters
    ]
    everything = [passage for chapter in chapters for passage in chapter.passages]
    library = await _compared("one library", chapters, everything, embeddings, quiet)
    told = [ranks for _name, ranks, _times in rows]
    numbers = {
        f"{engine}_{kind}_mrr10": _mean([rank for ranks in told for rank in ranks[engine, kind]])
        for engine in ("index", "bm25")
        for kind in KINDS
    }
    seconds = sorted(second for _name, _ranks, times in rows for second in times)
    return {
        "mrr10": numbers["index_questions_mrr10"],
        **numbers,
        "library_mrr10": _mean(library[1]["index", "questions"]),
        "library_bm25_mrr10": _mean(library[1]["bm25", "questions"]),
        "p95_ms": round(1000 * seconds[int(0.95 * len(seconds))], 1),
    }


async def _compared(
    name: str,
    chapters: Sequence[Chapter],
    passages: Sequence[Passage],
    embeddings: Embeddings | None,
    quiet: bool,
) -> tuple[str, dict[tuple[str, str], list[float]], list[float]]:
    """The ranks of each engine and kind of query within these passages, and the seconds of the index."""
    index = TantivyIndex(None, Likeness(embeddings, None) if embeddings else None)
    by_id = {f"{passage.document_id}/{passage.passage_id}": passage for passage in passages}
    entries = [passage_entry(OWNER, passage, 1) for passage in passages]
    for document_id in sorted({entry.document_id for entry in entries}):
        own = [entry for entry in entries if entry.document_id == document_id]
        await index.replace(Replacement(["PASSAGE"], document_id, entries=own))
    times: list[float] = []
    queries = [query for chapter in chapters for kind in KINDS for query, _section in chapter.asked[kind]]
    found: dict[str, list[Passage]] = {}
    for query in dict.fromkeys(query[:MOST_CHARACTERS] for query in queries):
        started = time.perf_counter()
        result = await index.search(IndexQuery(OWNER, query, limit=10))
        times.append(time.perf_counter() - started)
        found[query] = [by_id[f"{hit.entry.document_id}/{hit.entry.id}"] for hit in result.hits]
    await index.close()
    plain = Ranking([passage.text for passage in passages])
    engines: dict[str, Ask] = {
        "index": found.__getitem__,
        "bm25": lambda query: [passages[i] for i in plain.search(query)[:10]],
    }
    ranks = {
        (engine, kind): [rank for chapter in chapters for rank in chapter.ranks(kind, ask)]
        for engine, ask in engines.items()
        for kind in KINDS
    }
    if not quiet:
        _print_row(name, ranks)
    return name, ranks, times


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def _print_row(name: str, ranks: dict[tuple[str, str], list[float]]) -> None:
    cells = []
    for kind in KINDS:
        index, plain = ranks["index", kind], ranks["bm25", kind]
        told = f"{_mean(index):.3f} (bm25 {_mean(plain):.3f}, n {len(index)})" if index else "-"
        cells.append(f"{kind} {told}")
    print(f"{name:32} {'  '.join(cells)}")


if __name__ == "__main__":
    sys.exit(main())
