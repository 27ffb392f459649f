"""What a document teaches: its concepts, each with the sentence that defines it."""

from collections.abc import Mapping, Sequence

from mootion.llm.v1.llm_service_pb2 import ExtractConceptsRequest
from mootion.llm.v1.task_pb2 import Concept

from services.llm.extractive.acronyms import acronyms_of
from services.llm.extractive.analysis import Analysis, analyse
from services.llm.extractive.candidates import Candidate, candidates_of
from services.llm.extractive.concept_names import names_of
from services.llm.extractive.descriptions import defining_span
from services.llm.extractive.relations import levels_of
from services.llm.extractive.termhood import Judge

DEFAULT_MIN_CONCEPTS = 15
DEFAULT_MAX_CONCEPTS = 50

# Textbooks define at least three terms in a thousand words; whatever is more likely than this a concept
# comes on top.
_CONCEPTS_PER_WORD = 0.003
_LIKELY = 0.45
# Below this nothing speaks for a phrase; it is left out even where fewer concepts than wanted remain.
_LEAST_PROBABILITY = 0.003
_MOST_PASSAGES = 50


def extract_concepts(request: ExtractConceptsRequest) -> list[Concept]:
    """The concepts of the passages, most important first; empty where the text names none.

    About four for every thousand words, but no fewer than `min_concepts` (default 15) where the text holds
    them and no more than `max_concepts` (default 50).
    """
    least = request.min_concepts or DEFAULT_MIN_CONCEPTS
    most = max(request.max_concepts or DEFAULT_MAX_CONCEPTS, request.min_concepts)
    analysis = analyse(request.passages, request.language)
    return concepts_of(analysis, min(least, most), most)


def concepts_of(analysis: Analysis, least: int, most: int) -> list[Concept]:
    """The concepts of an analysis, most important first."""
    acronyms = acronyms_of(analysis)
    candidates = candidates_of(analysis, acronyms)
    ranked = Judge(analysis, candidates).ranked(_LEAST_PROBABILITY)
    likely = sum(probability >= _LIKELY for _, probability in ranked)
    wanted = min(most, max(least, likely, round(_word_count(analysis) * _CONCEPTS_PER_WORD)))
    concepts = [
        _concept(analysis, candidates[key], probability, _short_forms(acronyms, key))
        for key, probability in ranked[:wanted]
    ]
    for concept, level in zip(concepts, levels_of(analysis, concepts), strict=True):
        concept.level = level
    return concepts


def _word_count(analysis: Analysis) -> int:
    return sum(token.is_word for sentence in analysis.sentences for token in sentence.tokens)


def _short_forms(acronyms: Mapping[str, str], key: str) -> list[str]:
    return [short.upper() for short, full in acronyms.items() if full == key]


def _concept(
    analysis: Analysis, candidate: Candidate, probability: float, acronyms: Sequence[str]
) -> Concept:
    name, aliases = names_of(analysis, candidate, acronyms)
    concept = Concept(name=name, aliases=aliases, importance=round(probability, 4))
    passages = dict.fromkeys(analysis.sentences[index].passage for index, _, _ in sorted(candidate.mentions))
    concept.passage_ids.extend(analysis.passages[i].passage_id for i in list(passages)[:_MOST_PASSAGES])
    span = defining_span(analysis, candidate)
    if span is not None:
        concept.definition.CopyFrom(analysis.citation_of(*span))
        concept.description = concept.definition.quote
    return concept
