"""What an atom mainly does, and what a learner can do after it."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mootion.document.v1.document_pb2 import DEFINITION, EXAMPLE, EXPLANATION, FACT, PROCEDURE, AtomKind

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.atom_spans import AtomSpan
from services.llm.extractive.sentences import SentenceKind
from services.llm.extractive.term_marks import Pattern, TermMark

_EXAMPLE = re.compile(
    r"\b(for example|for instance|suppose|imagine|consider (?:a|an|the|this)|let us say|in this example|e\.g\."
    r"|zum Beispiel|par exemple|por ejemplo)\b", re.I)  # fmt: skip
_EXAMPLE_TITLE = re.compile(
    r"\b(example|try it|exercise|case study|practice|application|Beispiel|exemple)\b", re.I
)
_STEP = re.compile(
    r"^\W*(?:step \w+|first|second|third|then|next|finally|lastly|to begin|\d{1,2}[.)])\b", re.I
)
_REASON = re.compile(
    r"\b(because|therefore|thus|so that|due to|results? in|leads? to|causes?|in order to|as a result|this means"
    r"|which means|explains?|weil|deshalb|parce que|porque)\b", re.I)  # fmt: skip
_DEFINING = frozenset((Pattern.COPULA, Pattern.MEANING, Pattern.NAMED, Pattern.APPOSITION, Pattern.LABEL))
_DEFINES_FROM = 0.7

_OBJECTIVES: Mapping["AtomKind.ValueType", str] = MappingProxyType(
    {
        DEFINITION: "Say what “{}” means.",
        EXPLANATION: "Explain “{}” in your own words.",
        EXAMPLE: "Apply “{}” to an example.",
        PROCEDURE: "Carry out the steps that involve “{}”.",
        FACT: "Recall the facts about “{}”.",
    }
)


def kind_of(
    analysis: Analysis, span: AtomSpan, marks: Mapping[int, Sequence[TermMark]]
) -> "AtomKind.ValueType":
    """The kind with the most of the span's sentences, each weighed by how sure its sign is."""
    section = analysis.sections[analysis.section_of[span.passage]]
    size = len(span.sentences)
    defining = [_defines(sentence, marks) for sentence in span.sentences]
    steps = sum(_is_step(sentence) for sentence in span.sentences)
    votes = {
        DEFINITION: 1.2 * sum(defining) / size + 0.5 * defining[0],
        EXAMPLE: _share(span, _EXAMPLE) + 0.9 * bool(_EXAMPLE_TITLE.search(section.title)),
        PROCEDURE: (1.3 if steps > 1 else 0.3) * steps / size,
        EXPLANATION: 0.25 + 0.8 * _share(span, _REASON),
        FACT: 0.7 * sum(_is_factual(sentence) for sentence in span.sentences) / size,
    }
    return max(votes, key=lambda kind: (round(votes[kind], 6), -kind))


def objective_for(kind: "AtomKind.ValueType", concept: str) -> str:
    """What a learner can do with a concept after an atom of a kind."""
    return _OBJECTIVES[kind].format(concept)


def _defines(sentence: Sentence, marks: Mapping[int, Sequence[TermMark]]) -> bool:
    return any(m.pattern in _DEFINING and m.strength >= _DEFINES_FROM for m in marks.get(sentence.index, ()))


def _share(span: AtomSpan, sign: re.Pattern[str]) -> float:
    return sum(bool(sign.search(sentence.text)) for sentence in span.sentences) / len(span.sentences)


def _is_step(sentence: Sentence) -> bool:
    return sentence.kind is SentenceKind.INSTRUCTION or bool(_STEP.search(sentence.text))


def _is_factual(sentence: Sentence) -> bool:
    """A figure, a list item or an enumeration."""
    numbers = sum(token.tag == "NUM" for token in sentence.tokens)
    return numbers >= 2 or sentence.kind is SentenceKind.LIST_ITEM or sentence.text.count(",") >= 4
