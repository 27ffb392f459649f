"""The sentence that says best what a concept is."""

from math import log

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.candidates import Candidate
from services.llm.extractive.sentences import SentenceKind
from services.llm.extractive.term_marks import Pattern, TermMark

# A definition shorter than this many words says too little, a longer one too much.
_SHORT, _LONG = 7, 38
_WEIGHTS = {
    Pattern.COPULA: 1.0,
    Pattern.MEANING: 1.0,
    Pattern.LABEL: 0.95,
    Pattern.NAMED: 0.95,
    Pattern.APPOSITION: 0.9,
    Pattern.SYNONYM: 0.5,
    Pattern.OUTCOME: 0.4,
    Pattern.LISTED: 0.35,
    Pattern.SUBJECT: 0.9,
}
_POINTERS = ("this", "these", "such", "it", "those", "they")
# How much a sentence gains by words that the document is about, beside one of words it uses once.
_RELEVANCE = 0.6
# The logarithm of a count that is as frequent as need be.
_FREQUENT = 4.0


def defining_span(analysis: Analysis, candidate: Candidate) -> tuple[int, int, int] | None:
    """Passage, start and end of the sentence that defines a candidate best; None without a usable mention.

    A sentence that only points back, such as `This is called agglutination.`, is quoted with the one before
    it.
    """
    best = max(_scored(analysis, candidate), default=None)
    if best is None:
        return None
    sentence = analysis.sentences[-best[1]]
    start = sentence.start
    names_only = any(m.sentence == sentence.index and m.pattern is Pattern.NAMED for m in candidate.marks)
    if names_only and _points_back(sentence):
        start = _start_with_previous(analysis, sentence)
    return sentence.passage, start, sentence.end


def _scored(analysis: Analysis, candidate: Candidate) -> list[tuple[float, int]]:
    """Score and negated position of every sentence that marks or, failing that, mentions the candidate."""
    by_sentence: dict[int, float] = {}
    for mark in candidate.marks:
        score = _mark_score(analysis.sentences[mark.sentence], mark)
        by_sentence[mark.sentence] = max(by_sentence.get(mark.sentence, 0.0), score)
    for index, first, _ in candidate.mentions:
        sentence = analysis.sentences[index]
        if sentence.kind is SentenceKind.STATEMENT:
            by_sentence.setdefault(index, 0.12 * _fitness(sentence) * (1.3 if first <= 2 else 1.0))
        else:
            by_sentence.setdefault(index, 0.01 if sentence.is_objective else 0.02)
    own = frozenset(
        token.stem
        for index, first, end in candidate.mentions[:1]
        for token in analysis.sentences[index].tokens[first:end]
    )
    return [
        (score * (1 + _RELEVANCE * _relevance(analysis, analysis.sentences[index], own)), -index)
        for index, score in by_sentence.items()
    ]


def _relevance(analysis: Analysis, sentence: Sentence, own: frozenset[str]) -> float:
    """How much a sentence speaks in the document's own words, 0 to 1, the candidate's words left out."""
    counts = [analysis.term_counts.get(stem, 0) for stem in sentence.stems if stem not in own]
    if not counts:
        return 0.0
    return sum(min(1.0, log(1 + count) / _FREQUENT) for count in counts) / len(counts)


def _mark_score(sentence: Sentence, mark: TermMark) -> float:
    return mark.strength * _WEIGHTS.get(mark.pattern, 0.5) * _fitness(sentence)


def _fitness(sentence: Sentence) -> float:
    """How well a sentence reads as a description by its length, form and opening."""
    count = sum(token.is_word for token in sentence.tokens)
    length = min(1.0, count / _SHORT) if count < _SHORT else min(1.0, (_LONG / count) ** 0.5)
    form = 1.0 if sentence.kind is SentenceKind.STATEMENT else 0.6
    return length * form * (0.85 if _points_back(sentence) else 1.0)


def _points_back(sentence: Sentence) -> bool:
    return bool(sentence.tokens) and sentence.tokens[0].lower in _POINTERS


def _start_with_previous(analysis: Analysis, sentence: Sentence) -> int:
    first, _ = analysis.sentence_ranges[sentence.passage]
    if sentence.index == first:
        return sentence.start
    previous = analysis.sentences[sentence.index - 1]
    between = analysis.passages[sentence.passage].text[previous.end : sentence.start]
    joined = "\n" not in between and previous.kind is SentenceKind.STATEMENT
    return previous.start if joined else sentence.start
