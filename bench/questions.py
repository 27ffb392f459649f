"""How sound the questions of the built-in engine are, scored against labelled chapters; no service, no network.

usage: python -m bench.questions [--corpus DIR] [--format pdf|docx] [--count N] [--json]

Writes N single-choice questions for each chapter, hands them to the corpus's `score.py` in its format, and prints what
it says: how many there are (fewer than N where a chapter holds no more), the share that is sound, and the share of the
textbook's key terms they cover. Then times 10 questions of every kind on each chapter, and 300 on a book of about 600
pages that joins the chapters again and again. Last it checks that a second run gives the same bytes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2
from mootion.llm.v1.llm_service_pb2 import WriteQuestionsRequest
from mootion.llm.v1.task_pb2 import CoverageReport, Item, QuestionKind

from services.llm.extractive.language import language_of
from services.llm.extractive.questions import write_questions
from workers.documents.sandbox import read_document

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "dev"
BOOK_WORDS = 250_000
BOOK_QUESTIONS = 300
TARGETS = {"quiz_sound": 0.98, "quiz_term_coverage": 0.45}
MOST_SECONDS = {"ten_questions_seconds": 2.0, "book_seconds": 60.0}


def main() -> int:
    """Prints the figures; 0 also where there is no corpus to read."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--format", choices=("pdf", "docx"), default="pdf")
    parser.add_argument("--count", type=int, default=50, help="single-choice questions a chapter")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    arguments = parser.parse_args()
    golds = sorted(arguments.corpus.glob("*.json"))
    if not golds:
        print(f"skipped: no chapters with labels in {arguments.corpus.name}; pass --corpus", file=sys.stderr)
        return 0
    language_of("en").zipf("warm")
    chapters = {gold: _passages(gold.with_suffix(f".{arguments.format}")) for gold in golds}
    rows = {gold.stem: _scores(gold, passages, arguments.count) for gold, passages in chapters.items()}
    numbers = {**_least(rows), **_ten_questions(list(chapters.values())), **_book(list(chapters.values()))}
    if not arguments.json:
        _print_table(rows, numbers)
    print(
        json.dumps(
            {"id": "questions", "n": len(rows), "seed": 0, "pass": _passed(numbers), "numbers": numbers}
        )
    )
    return 0


def _passages(path: Path) -> list[Passage]:
    return list(read_document(path, path.name, path.stem).passages)


def _scores(gold: Path, passages: Sequence[Passage], count: int) -> dict[str, Any]:
    """What `score.py` says of `count` single-choice questions on a chapter."""
    items, _, seconds = _written(passages, count, [task_pb2.SINGLE_CHOICE])
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "predictions.json"
        written.write_text(json.dumps({"quiz": [_row(item) for item in items]}))
        command = [sys.executable, str(gold.parents[1] / "score.py"), str(gold), str(written), "--json"]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
    scores: dict[str, Any] = json.loads(told.stdout)
    return {**scores, "seconds": round(seconds, 2)}


def _row(item: Item) -> dict[str, Any]:
    ids = [option.option_id for option in item.options]
    return {
        "question": item.stem,
        "options": [option.text for option in item.options],
        "answer": ids.index(item.key.option_ids[0]),
        "quote": item.citation.quote,
    }


def _written(
    passages: Sequence[Passage], count: int, kinds: Sequence["QuestionKind.ValueType"] = ()
) -> tuple[list[Item], CoverageReport, float]:
    request = WriteQuestionsRequest(passages=passages, question_count=count, kinds=kinds)
    started = time.perf_counter()
    items, report = write_questions(request)
    return items, report, time.perf_counter() - started


def _least(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The worst of the chapters."""
    return {name: round(min(row[name] for row in rows.values()), 3) for name in (*TARGETS, "quiz_questions")}


def _ten_questions(chapters: Sequence[Sequence[Passage]]) -> dict[str, float]:
    """Seconds for 10 questions of every kind on the slowest chapter."""
    return {"ten_questions_seconds": round(max(_written(passages, 10)[2] for passages in chapters), 2)}


def _book(chapters: Sequence[Sequence[Passage]]) -> dict[str, Any]:
    """300 questions of a book: seconds, how many are distinct, their kinds, and whether a second run is the same."""
    book: list[Passage] = []
    number = 0
    while sum(len(passage.text.split()) for passage in book) < BOOK_WORDS:
        book += [_copy(passage, number) for passages in chapters for passage in passages]
        number += 1
    items, report, seconds = _written(book, BOOK_QUESTIONS)
    again, _, _ = _written(book, BOOK_QUESTIONS)
    kinds = Counter(QuestionKind.Name(item.kind) for item in items)
    return {
        "book_words": sum(len(passage.text.split()) for passage in book),
        "book_seconds": round(seconds, 1),
        "book_questions": len(items),
        "book_distinct": len({item.stem for item in items}),
        "book_refused": report.rejected_count,
        "book_same_again": [a.SerializeToString(deterministic=True) for a in items]
        == [b.SerializeToString(deterministic=True) for b in again],
        **{f"book_{kind.lower()}": count for kind, count in sorted(kinds.items())},
    }


def _copy(passage: Passage, number: int) -> Passage:
    """A passage of another part of the book."""
    copied = Passage()
    copied.CopyFrom(passage)
    copied.section_path.insert(0, f"Part {number + 1}")
    copied.passage_id = f"{number}-{passage.document_id[-6:]}-{passage.passage_id}"[:64]
    return copied


def _passed(numbers: dict[str, Any]) -> bool:
    enough = all(numbers[name] >= target for name, target in TARGETS.items())
    fast = all(numbers[name] <= limit for name, limit in MOST_SECONDS.items())
    distinct = numbers["book_distinct"] == numbers["book_questions"] == BOOK_QUESTIONS
    return bool(enough and fast and distinct and numbers["book_same_again"])


def _print_table(rows: dict[str, dict[str, Any]], numbers: dict[str, Any]) -> None:
    columns = ("quiz_questions", "quiz_sound", "quiz_term_coverage", "seconds")
    print(f"{'chapter':34}" + "".join(f"{name:>20}" for name in columns) + "  faults")
    for stem, row in rows.items():
        print(
            f"{stem:34}" + "".join(f"{row[name]:>20}" for name in columns) + f"  {row['quiz_faults'] or ''}"
        )
    for name, value in numbers.items():
        print(f"{name:34}{value!s:>20}")


if __name__ == "__main__":
    raise SystemExit(main())
