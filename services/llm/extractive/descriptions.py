"""The sentence that says best what a concept is."""

from collections.abc import Mapping
from math import log
from types import MappingProxyType

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.candidates import Candidate
from services.llm.extractive.sentences import SentenceKind
from services.llm.extractive.term_marks import Pattern

_POINTERS = ("this", "these", "such", "it", "those", "they")

# A linear model of how well a sentence that mentions a term explains it, fitted as `termhood` is.
WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        # The strongest mark of the term in the sentence, and its strength where `X is ...` makes it.
        "mark": 7.5,
        "copula": 1.6,
        # The term opens the sentence, or `In X, ...` does.
        "opens": 2.5,
        "setting": 3.0,
        # Where the sentence stands among those that mention the term: 0 the first, 1 the last.
        "order": -3.1,
        "among the first": 2.4,
        # How much it says: the logarithm of its different content words, and their share of all words.
        "content": 1.6,
        "density": -1.7,
        "numbers": -0.6,
        "objective": -1.3,
        "no statement": -1.5,
    }
)
_FIRST_FEW = 3


def defining_span(analysis: Analysis, candidate: Candidate) -> tuple[int, int, int] | None:
    """Passage, start and end of the sentence that defines a candidate best; None without a mention.

    A sentence that only names what the one before it says, such as `This process is called agglutination.`, is
    quoted with that one.
    """
    positions = {index: first for index, first, _ in reversed(candidate.mentions)}
    order = sorted(positions)
    if not order:
        return None
    own = _own_stems(analysis, candidate)
    scored = [
        (_score(analysis.sentences[index], candidate, positions[index], rank / len(order), rank, own), -rank)
        for rank, index in enumerate(order)
    ]
    sentence = analysis.sentences[order[-max(scored)[1]]]
    names_only = any(m.sentence == sentence.index and m.pattern is Pattern.NAMED for m in candidate.marks)
    points_back = bool(sentence.tokens) and sentence.tokens[0].lower in _POINTERS
    start = _start_with_previous(analysis, sentence) if names_only and points_back else sentence.start
    return sentence.passage, start, sentence.end


def _own_stems(analysis: Analysis, candidate: Candidate) -> frozenset[str]:
    index, first, end = candidate.mentions[0]
    return frozenset(token.stem for token in analysis.sentences[index].tokens[first:end])


def _score(
    sentence: Sentence, candidate: Candidate, first: int, order: float, rank: int, own: frozenset[str]
) -> float:
    marks = [mark for mark in candidate.marks if mark.sentence == sentence.index]
    stems = {stem for stem in sentence.stems if stem not in own}
    words = sum(token.is_word for token in sentence.tokens)
    evidence = {
        "mark": max((mark.strength for mark in marks), default=0.0),
        "copula": max((mark.strength for mark in marks if mark.pattern is Pattern.COPULA), default=0.0),
        "opens": float(first <= 1),
        "setting": float(sentence.tokens[0].lower == "in"),
        "order": order,
        "among the first": float(rank < _FIRST_FEW),
        "content": log(1 + len(stems)),
        "density": len(stems) / max(1, words),
        "numbers": float(any(token.tag == "NUM" for token in sentence.tokens)),
        "objective": float(sentence.is_objective),
        "no statement": float(sentence.kind is not SentenceKind.STATEMENT),
    }
    return sum(value * WEIGHTS[name] for name, value in evidence.items())


def _start_with_previous(analysis: Analysis, sentence: Sentence) -> int:
    first, _ = analysis.sentence_ranges[sentence.passage]
    if sentence.index == first:
        return sentence.start
    previous = analysis.sentences[sentence.index - 1]
    between = analysis.passages[sentence.passage].text[previous.end : sentence.start]
    joined = "\n" not in between and previous.kind is SentenceKind.STATEMENT
    return previous.start if joined else sentence.start
