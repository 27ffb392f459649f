"""Documents an hour, and a book of 600 pages, on a system of its own (the other half of P3).

usage: python -m bench.documents [--documents N] [--pages N] [--json]

N copies of the sample chapter, each with bytes of its own at the end, are uploaded through the edge to one document
worker; the clock runs from the first upload until all are READY. Then two books are made of the chapter's sentences,
shuffled anew for each chapter of 20 pages, and go through upload, map and 300 questions. The first teaches no more than
the sample does, again and again; in the second each chapter has invented words in place of the terms the sample
defines, and so 30 times as much is to be learned. Memory is sampled ten times a second.
"""

import argparse
import json
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx2
import psutil
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, Json, ok, upload, upload_and_wait
from workers.documents.sandbox import read_document
from workers.documents.sentences import sentence_ends

SEED = 7
DOCUMENTS = 40
PAGES = 600
CHAPTER_PAGES = 20
QUESTIONS = 300
READY_SECONDS = QUESTION_SECONDS = 60.0
DOCUMENTS_AN_HOUR = 1000.0
PATIENCE_SECONDS = 600.0
# Longer than any call's own deadline.
CALL_SECONDS = 180.0
BETWEEN_SAMPLES = 0.1
WORKER, ANALYSIS = "workers.documents", "services.llm.analysis_process"
MARGIN, LINE, BETWEEN_PARAGRAPHS = 72, 14, 7

Figures = dict[str, float]


class Memory:
    """Watches how much resident memory parts of a system hold at their peaks, in MB."""

    def __init__(self, system: local.LocalSystem) -> None:
        self._system = system
        self.peaks = {"worker_mb": 0.0, "reader_mb": 0.0, "analysis_mb": 0.0}

    @contextmanager
    def watching(self) -> Iterator[Figures]:
        """The peaks, whole when the block has ended."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,))
        thread.start()
        try:
            yield self.peaks
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(BETWEEN_SAMPLES):
            for process in [*self._system.children(WORKER), *self._system.children(ANALYSIS)]:
                try:
                    name, resident = _part(process.cmdline()), process.memory_info().rss / 1e6
                except psutil.NoSuchProcess:
                    continue
                self.peaks[name] = max(self.peaks[name], resident)


def _part(command: Sequence[str]) -> str:
    if command[-1:] == [ANALYSIS]:
        return "analysis_mb"
    return "worker_mb" if command[-1:] == [WORKER] else "reader_mb"


class Book:
    """Writes books of the sample's sentences."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        passages = read_document(SAMPLE, SAMPLE.name, "sample").passages
        self._sentences = [sentence for passage in passages for sentence in _sentences(passage.text)]
        words = {word.casefold() for each in passages for term in each.emphasized for word in term.split()}
        self._terms = sorted(word for word in words if word.isalpha() and len(word) > 3)

    def write(self, path: Path, pages: int, own_terms: bool) -> None:
        """A PDF of so many pages, with a heading every 20 and a number on each."""
        canvas = Canvas(str(path), pagesize=A4)
        for first in range(0, pages, CHAPTER_PAGES):
            number = 1 + first // CHAPTER_PAGES
            renamed = self._renamed() if own_terms else {}
            subject = self._chance.choice(self._terms)
            heading = f"Chapter {number}. The {renamed.get(subject, subject)}".title()
            paragraphs = self._paragraphs(renamed)
            for page in range(first, min(pages, first + CHAPTER_PAGES)):
                _page(canvas, heading if page == first else "", paragraphs, page + 1)
        canvas.save()

    def _paragraphs(self, renamed: dict[str, str]) -> Iterator[str]:
        order = cycle(self._chance.sample(self._sentences, len(self._sentences)))
        while True:
            text = " ".join(next(order) for _ in range(self._chance.randint(3, 6)))
            yield re.sub(r"[A-Za-z]+", lambda word: _in_place_of(word[0], renamed), text)

    def _renamed(self) -> dict[str, str]:
        syllables = [first + vowel for first in "bdfgklmnprtvz" for vowel in "aeiou"]
        return {term: "".join(self._chance.sample(syllables, 3)) + "n" for term in self._terms}


def _sentences(text: str) -> Iterator[str]:
    """Whole sentences of prose that the standard fonts can show."""
    start = 0
    for end in sentence_ends(text):
        sentence, start = text[start:end].strip(), end
        shown = sentence.encode("cp1252", "ignore").decode("cp1252") == sentence
        if shown and "\n" not in sentence and re.fullmatch(r"[A-Z].{40,300}\.", sentence):
            yield sentence


def _in_place_of(word: str, renamed: dict[str, str]) -> str:
    """The chapter's own word, with the plural and the capital that the sample's had."""
    folded = word.casefold()
    plural = "s" if folded not in renamed and folded.removesuffix("s") in renamed else ""
    own = renamed.get(folded.removesuffix("s") if plural else folded)
    if own is None:
        return word
    return (own.capitalize() if word[0].isupper() else own) + plural


def _page(canvas: Canvas, heading: str, paragraphs: Iterator[str], number: int) -> None:
    y = A4[1] - MARGIN
    if heading:
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawString(MARGIN, y, heading)
        y -= 3 * LINE
    canvas.setFont("Helvetica", 11)
    while y > 3 * MARGIN:
        for line in simpleSplit(next(paragraphs), "Helvetica", 11, A4[0] - 2 * MARGIN):
            canvas.drawString(MARGIN, y, line)
            y -= LINE
        y -= BETWEEN_PARAGRAPHS
    canvas.drawCentredString(A4[0] / 2, MARGIN / 2, str(number))
    canvas.showPage()


def many(folder: Path, count: int) -> Figures:
    """Copies of the sample from the first upload until all are READY."""
    with running(folder) as (client, memory), memory.watching() as peaks:
        upload_and_wait(client, SAMPLE.read_bytes(), "first.pdf")
        began = time.perf_counter()
        for number in range(count):
            ok(upload(client, SAMPLE.read_bytes() + b"%%%d\n" % number, f"copy-{number}.pdf"))
        uploaded = time.perf_counter() - began
        wait_until_ready(client, count + 1)
        seconds = time.perf_counter() - began
    figures = {"documents": count, "uploads_seconds": uploaded, "all_ready_seconds": seconds}
    return figures | {"documents_an_hour": 3600 * count / seconds} | peaks


def wait_until_ready(client: httpx2.Client, count: int) -> None:
    """Returns when the learner has so many READY documents."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        states = [document["state"] for document in _documents(client)]
        if "FAILED" in states:
            raise RuntimeError("a copy of the sample could not be read")
        if states.count("READY") == count:
            return
        time.sleep(0.2)
    raise RuntimeError(f"{states.count('READY')} of {count} documents are READY after {PATIENCE_SECONDS} s")


def _documents(client: httpx2.Client) -> list[Json]:
    found: list[Json] = ok(client.get("/v1/documents", params={"pageSize": 100}))["documents"]
    return found


def book(folder: Path, file: Path) -> Figures:
    """A book from upload to 300 questions."""
    with running(folder) as (client, memory), memory.watching() as peaks:
        data = file.read_bytes()
        ready, document = seconds_of(lambda: upload_and_wait(client, data, file.name, PATIENCE_SECONDS))
        if document["state"] != "READY":
            raise RuntimeError(f"the book could not be read: {document}")
        identifier = document["documentId"]
        path = f"/v1/documents/{identifier}/flowchart:generate"
        mapped, chart = seconds_of(lambda: ok(client.post(path, json={}))["flowchart"])
        body = {"documentId": identifier, "questionCount": QUESTIONS}
        asked, reply = seconds_of(lambda: client.post("/v1/quizzes:generate", json=body))
    figures = {"pages": document["pageCount"], "ready_seconds": ready, "map_seconds": mapped}
    figures |= {"map_nodes": len(chart["nodes"]), "questions_seconds": asked}
    return figures | {"distinct_questions": len(_questions(reply))} | peaks


def _questions(reply: httpx2.Response) -> set[str]:
    """The questions that differ; none where the call failed, and why on standard error."""
    if reply.status_code != 200:
        print(f"no questions: {reply.status_code} {reply.text[:500]}", file=sys.stderr)
        return set()
    return {_told(question) for question in reply.json()["quiz"]["questions"]}


def _told(question: Json) -> str:
    """What a learner sees of a question."""
    return json.dumps([question["stem"], sorted(option["text"] for option in question.get("options", []))])


@contextmanager
def running(folder: Path) -> Iterator[tuple[httpx2.Client, Memory]]:
    """A system with one document worker and no other."""
    system = local.start(folder, document_workers=1, render_workers=0)
    try:
        with httpx2.Client(base_url=system.url, timeout=CALL_SECONDS) as client:
            yield client, Memory(system)
    finally:
        system.stop()


def seconds_of(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long a call takes, and its result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def measure(folder: Path, documents: int, pages: int) -> Iterator[tuple[str, Figures]]:
    """The figures of each part, as they come."""
    yield "many", many(folder / "many", documents)
    writer = Book(random.Random(SEED))
    for name, own_terms in (("book", False), ("book_own_terms", True)):
        file = folder / f"{name}.pdf"
        writer.write(file, pages, own_terms)
        yield name, book(folder / name, file)


def within_limits(figures: dict[str, Figures]) -> bool:
    """Both books fast enough, the one that teaches enough with all its questions, and enough documents an hour."""
    books = (figures["book"], figures["book_own_terms"])
    return (
        figures["many"]["documents_an_hour"] > DOCUMENTS_AN_HOUR
        and all(each["ready_seconds"] < READY_SECONDS for each in books)
        and all(each["questions_seconds"] < QUESTION_SECONDS for each in books)
        and figures["book_own_terms"]["distinct_questions"] >= QUESTIONS
    )


def print_table(part: str, rows: Figures) -> None:
    """One row a figure."""
    for name, value in rows.items():
        print(f"{part:<16}{name:<22}{value:>12,.1f}", flush=True)


def main() -> None:
    """Measures and prints; fails where a limit is not held."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    figures: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as folder:
        for part, rows in measure(Path(folder), options.documents, options.pages):
            figures[part] = rows
            if not options.json:
                print_table(part, rows)
    passed = within_limits(figures)
    numbers = {
        part: {name: round(value, 2) for name, value in rows.items()} for part, rows in figures.items()
    }
    print(json.dumps({"id": "P3", "n": options.documents, "seed": SEED, "pass": passed, "numbers": numbers}))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
