"""The sentence that says best what a concept is."""

from collections.abc import Mapping
from math import log
from types import MappingProxyType

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.candidates import Candidate
from services.llm.extractive.sentences import SentenceKind
from services.llm.extractive.term_marks import Pattern

_PRONOUNS = ("it", "they")
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
        # How far its words are those the document is about.
        "relevance": 1.0,
        # It only names what a sentence outside its paragraph says.
        "dangling": -4.0,
        "numbers": -0.6,
        "objective": -1.3,
        "no statement": -1.5,
    }
)
_FIRST_FEW = 3
# The logarithm of a count that is as frequent as need be.
_FREQUENT = 4.0
# A naming of fewer words than the first says nothing by itself; a definition of fewer than the second may go on.
_SAYS_NOTHING, _SHORT = 8, 20


def defining_span(analysis: Analysis, candidate: Candidate) -> tuple[int, int, int] | None:
    """Passage, start and end of the sentence that defines a candidate best; None without a mention.

    A sentence that only names what the one before it says, such as `This process is called agglutination.`, is
    quoted with that one; a short one with the one after it where that goes on, as in `It has ...`.
    """
    positions = {index: first for index, first, _ in reversed(candidate.mentions)}
    order = sorted(positions)
    if not order:
        return None
    own = _own_stems(analysis, candidate)
    scored = [
        (
            _score(
                analysis, analysis.sentences[index], candidate, positions[index], rank / len(order), rank, own
            ),
            -rank,
        )
        for rank, index in enumerate(order)
    ]
    sentence = analysis.sentences[order[-max(scored)[1]]]
    return (
        sentence.passage,
        _start(analysis, sentence, candidate),
        _end(analysis, sentence, positions[sentence.index]),
    )


def _own_stems(analysis: Analysis, candidate: Candidate) -> frozenset[str]:
    index, first, end = candidate.mentions[0]
    return frozenset(token.stem for token in analysis.sentences[index].tokens[first:end])


def _score(
    analysis: Analysis,
    sentence: Sentence,
    candidate: Candidate,
    first: int,
    order: float,
    rank: int,
    own: frozenset[str],
) -> float:
    marks = [mark for mark in candidate.marks if mark.sentence == sentence.index]
    stems = {stem for stem in sentence.stems if stem not in own}
    words = sum(token.is_word for token in sentence.tokens)
    names_only = bool(marks) and all(mark.pattern is Pattern.NAMED for mark in marks)
    dangling = names_only and _opener(sentence) in _POINTERS and _neighbour(analysis, sentence, -1) is None
    counts = analysis.term_counts
    evidence = {
        "mark": max((mark.strength for mark in marks), default=0.0),
        "copula": max((mark.strength for mark in marks if mark.pattern is Pattern.COPULA), default=0.0),
        "opens": float(first <= 1),
        "setting": float(sentence.tokens[0].lower == "in"),
        "order": order,
        "among the first": float(rank < _FIRST_FEW),
        "content": log(1 + len(stems)),
        "density": len(stems) / max(1, words),
        "relevance": sum(min(1.0, log(1 + counts.get(stem, 0)) / _FREQUENT) for stem in stems)
        / max(1, len(stems)),
        "dangling": float(dangling),
        "numbers": float(any(token.tag == "NUM" for token in sentence.tokens)),
        "objective": float(sentence.is_objective),
        "no statement": float(sentence.kind is not SentenceKind.STATEMENT),
    }
    return sum(value * WEIGHTS[name] for name, value in evidence.items())


def _start(analysis: Analysis, sentence: Sentence, candidate: Candidate) -> int:
    """With the sentence before, where this one only names what that one says."""
    names_only = any(m.sentence == sentence.index and m.pattern is Pattern.NAMED for m in candidate.marks)
    previous = _neighbour(analysis, sentence, -1)
    if previous is None or not names_only:
        return sentence.start
    needs_it = _opener(sentence) in _POINTERS or _word_count(sentence) < _SAYS_NOTHING
    return previous.start if needs_it else sentence.start


def _end(analysis: Analysis, sentence: Sentence, first: int) -> int:
    """With the sentence after, where this one is short, opens with the term, and that one goes on about it."""
    following = _neighbour(analysis, sentence, 1)
    if following is None or _word_count(sentence) >= _SHORT or first > 1:
        return sentence.end
    return following.end if _opener(following) in _PRONOUNS else sentence.end


def _neighbour(analysis: Analysis, sentence: Sentence, step: int) -> Sentence | None:
    """The statement next to a sentence in its paragraph."""
    first, end = analysis.sentence_ranges[sentence.passage]
    if not first <= sentence.index + step < end:
        return None
    other = analysis.sentences[sentence.index + step]
    left, right = sorted((sentence, other), key=lambda s: s.start)
    between = analysis.passages[sentence.passage].text[left.end : right.start]
    return other if "\n" not in between and other.kind is SentenceKind.STATEMENT else None


def _opener(sentence: Sentence) -> str:
    return sentence.tokens[0].lower if sentence.tokens else ""


def _word_count(sentence: Sentence) -> int:
    return sum(token.is_word for token in sentence.tokens)
