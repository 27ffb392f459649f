"""Definition patterns of languages other than English, few and plain.

German, French, Spanish: `Ein Atom ist der ...` at the start of a sentence, `heißt X`, `se llama X`, `appelé
X`. Chinese and Japanese: `X是...`, `称为X`, `Xとは...`. In all languages: a label before a colon at the start of
a line, and what stands in the language's quotation marks. Every other language has only these last two.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.term_marks import Pattern, TermMark


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Patterns whose group `term` is the term: it opens its own definition, or is named by another."""

    opens: re.Pattern[str]
    named: re.Pattern[str]


# A term of one to four words.
_TERM = r"(?P<term>[^\W\d_][\w-]*(?: [^\W\d_][\w-]*){0,3}?)"
_IDEOGRAPHS = r"(?P<term>[\u3040-\u30ff\u3400-\u9fff々ー]{2,10}?)"

_PATTERNS = MappingProxyType(
    {
        "de": _Patterns(
            re.compile(rf"^(?:Ein|Eine|Der|Die|Das)? ?{_TERM} (?:ist|sind|bezeichnet|bedeutet)"
                       r" (?:ein|der|die|das|alle)\w* "),
            re.compile(r"\b(?:heißt|heißen|nennt man|genannt|bezeichnet man als|wird als)"
                       rf" (?:ein\w* )?{_TERM}(?=[ .,;])"),
        ),
        "fr": _Patterns(
            re.compile(rf"^(?:Un|Une|Le|La|Les|L['’])? ?{_TERM} (?:est|sont|désigne) (?:une?|des|les?|la|l['’]) ?"),
            re.compile(rf"\b(?:appelée?s?|nommée?s?|on appelle|s['’]appelle) (?:une?|les?|la )? ?{_TERM}(?=[ .,;])"),
        ),
        "es": _Patterns(
            re.compile(rf"^(?:Un|Una|El|La|Los|Las)? ?{_TERM} (?:es|son|significa) (?:una?|el|la|los|las|unos|unas) "),
            re.compile(r"\b(?:se llaman?|llamad[oa]s?|se denominan?|denominad[oa]s?)"
                       rf" (?:una?|el|la )? ?{_TERM}(?=[ .,;])"),
        ),
        "zh": _Patterns(
            re.compile(rf"^{_IDEOGRAPHS}(?:是指|是|指的是)"),
            re.compile(r"(?:称为|叫做|称作|又称)(?P<term>[\u3400-\u9fff]{2,8})"),
        ),
        "ja": _Patterns(
            re.compile(rf"^{_IDEOGRAPHS}(?:とは|は、)"),
            re.compile(r"(?P<term>[\u30a0-\u30ff\u3400-\u9fff々ー]{2,10})と(?:呼|いう|言う)"),
        ),
    }
)  # fmt: skip
_LABEL = re.compile(r"^[^\S\n]*(?P<term>[^\W\d_][\w -]{1,40}?)\s?[:：—]\s?\w")
_QUOTED = re.compile(r"[„«「『《](?P<term>[^„«»“”「」『』《》\n]{2,40})[“”»」』》]")
_STRENGTHS = MappingProxyType(
    {Pattern.COPULA: 0.8, Pattern.NAMED: 0.8, Pattern.LABEL: 0.8, Pattern.QUOTED: 0.3}
)


def marks_elsewhere(sentence: Sentence, language: str) -> Iterator[TermMark]:
    """Marks of terms in a sentence that is not English; `language` is ISO 639-1."""
    patterns = _PATTERNS.get(language)
    if patterns is not None:
        yield from _found(sentence, patterns.opens, Pattern.COPULA)
        yield from _found(sentence, patterns.named, Pattern.NAMED)
    yield from _found(sentence, _LABEL, Pattern.LABEL)
    yield from _found(sentence, _QUOTED, Pattern.QUOTED)


def _found(sentence: Sentence, pattern: re.Pattern[str], kind: Pattern) -> Iterator[TermMark]:
    for match in pattern.finditer(sentence.text):
        start, end = (sentence.start + position for position in match.span("term"))
        inside = [i for i, token in enumerate(sentence.tokens) if start <= token.start and token.end <= end]
        while inside and sentence.tokens[inside[0]].is_stop:
            inside.pop(0)
        if inside:
            yield TermMark(kind, sentence.index, inside[0], inside[-1] + 1, _STRENGTHS[kind])
