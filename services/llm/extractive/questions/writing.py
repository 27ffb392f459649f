"""Writes the questions of a document."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from random import Random
from types import MappingProxyType

from mootion.llm.v1 import task_pb2
from mootion.llm.v1.llm_service_pb2 import WriteQuestionsRequest
from mootion.llm.v1.task_pb2 import Concept, CoverageReport, Item

from services.llm.extractive.analysis import Analysis, analyse
from services.llm.extractive.concepts import concepts_of
from services.llm.extractive.questions.coverage import coverage
from services.llm.extractive.questions.difficulty import difficulty
from services.llm.extractive.questions.draft import Seed
from services.llm.extractive.questions.gate import Gate
from services.llm.extractive.questions.reading import read
from services.llm.extractive.questions.repeats import wording
from services.llm.extractive.questions.selection import Selection
from services.llm.extractive.questions.workshop import Workshop
from services.llm.extractive.questions.writers import (
    arrangement,
    claim_choice,
    definition_choice,
    formula,
    gap_text,
    listing,
    number,
    statement,
    worked_choice,
)

DEFAULT_CONCEPTS = 50
MOST_CONCEPTS = 500
# A word this common (Zipf) is no term by itself, unless it is among the foremost concepts.
EVERYDAY_ZIPF = 4.5
LEAST_IMPORTANCE = 0.06
# So many of the foremost concepts are asked about in any case.
SURE_CONCEPTS = 25
# How much less a question on a weak sentence is worth.
WEAKNESS = 0.3

_WRITERS = (
    definition_choice,
    claim_choice,
    worked_choice,
    listing,
    number,
    statement,
    gap_text,
    arrangement,
    formula,
)
_WRITE: Mapping[str, Callable[[Workshop, Seed], Item | None]] = MappingProxyType(
    {template: writer.write for writer in _WRITERS for template in writer.TEMPLATES}
)
# Rules of English grammar do not hold elsewhere: other languages get these kinds only, without English wording.
_KINDS_ELSEWHERE = frozenset((task_pb2.CLOZE,))


def write_questions(request: WriteQuestionsRequest) -> tuple[list[Item], CoverageReport]:
    """Questions that the passages prove, in the order of the text, and what they cover.

    Fewer than asked for where the text does not hold more. The same request gives the same items. In languages other
    than English only gaps to fill are written.
    """
    analysis = analyse(request.passages, request.language)
    concepts = list(request.concepts) or _found_concepts(request, analysis)
    shop = Workshop(read(analysis, concepts), request.seed, request.relations)
    wanted = frozenset(request.kinds) - {task_pb2.QUESTION_KIND_UNSPECIFIED}
    seeds = [seed for seed in _plans(shop) if not wanted or seed.kind in wanted]
    gate = Gate(shop.reading)
    selection = Selection(shop.reading, seeds, gate, Random(f"{request.seed}|selection"))
    taken = selection.take(request.question_count, lambda seed: _WRITE[seed.template](shop, seed))
    taken.sort(key=lambda pair: (pair[0].sentence.index, pair[1].kind, pair[1].stem))
    items = [_finished(shop, seed, item) for seed, item in taken]
    return items, coverage(analysis, concepts, items, gate.rejections)


def _found_concepts(request: WriteQuestionsRequest, analysis: Analysis) -> list[Concept]:
    """More concepts than a map shows, so that every question can be on one of its own."""
    count = min(MOST_CONCEPTS, max(DEFAULT_CONCEPTS, request.question_count * 3 // 2))
    found = concepts_of(analysis, count, count)
    return [c for i, c in enumerate(found) if i < SURE_CONCEPTS or _is_specific(analysis, c)]


def _is_specific(analysis: Analysis, concept: Concept) -> bool:
    """Whether a concept after the foremost ones matters, and is no word of every day."""
    everyday = " " not in concept.name and analysis.language.zipf(concept.name.lower()) >= EVERYDAY_ZIPF
    return concept.importance >= LEAST_IMPORTANCE and not everyday


def _plans(shop: Workshop) -> Iterator[Seed]:
    """Everything that could be asked, of sentences said again only once; those on weak sentences count for less."""
    english = shop.reading.analysis.language.is_english
    asked: dict[tuple[str, str], int] = {}
    for writer in _WRITERS if english else (gap_text,):
        for seed in writer.plan(shop):
            first = asked.setdefault((seed.template, wording(seed.sentence)), seed.sentence.index)
            if first == seed.sentence.index and (english or seed.kind in _KINDS_ELSEWHERE):
                weak = seed.sentence.index in shop.reading.weak
                yield replace(seed, quality=seed.quality - WEAKNESS) if weak else seed


def _finished(shop: Workshop, seed: Seed, item: Item) -> Item:
    term = shop.reading.terms[seed.term] if seed.term >= 0 else None
    item.difficulty = difficulty(item, term, shop.reading)
    return item
