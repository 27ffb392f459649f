"""Phrases that may be concepts of a document, with all the evidence for each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.closed_classes import words
from services.llm.extractive.phrases import chunks, is_phrase_word, key_of, phrase_end, properties, subphrases
from services.llm.extractive.term_marks import TermMark
from services.llm.extractive.terms import is_wordlike, marks_by_key
from services.llm.extractive.tokens import Token

# Mentions kept with each candidate beside the count: enough to find definitions and passages.
_KEPT_MENTIONS = 200
# Longest name looked for, in tokens; where each character is a token, names are longer.
_REACH, _REACH_WITHOUT_SPACES = 6, 12
# Languages written without spaces: without words to count, only marked phrases are candidates.
_WITHOUT_SPACES = frozenset(("zh", "ja", "th", "lo", "km", "my"))
# Headings that belong to books, not to their subjects.
_APPARATUS = words(
    """introduction summary note exercise objective review question reference reading example answer solution
    chapter overview preface appendix index glossary practice homework"""
)


@dataclass(slots=True)
class Candidate:
    """A phrase and the evidence that it is a concept.

    `mentions` are (sentence, first token, past the last token) of its first occurrences in reading order; `count` is
    the number of all. `heading` is its spelling where a whole heading names it.
    """

    key: str
    mentions: list[tuple[int, int, int]] = field(default_factory=list)
    count: int = 0
    marks: list[TermMark] = field(default_factory=list)
    sections: set[int] = field(default_factory=set)
    is_heading: bool = False
    in_objectives: int = 0
    emphasized: int = 0
    heading: str = ""

    def absorb(self, other: "Candidate") -> None:
        """Takes over the evidence of another name of the same thing, but not its spellings."""
        self.count += other.count
        self.marks.extend(other.marks)
        self.sections |= other.sections
        self.is_heading = self.is_heading or other.is_heading
        self.in_objectives += other.in_objectives
        self.emphasized += other.emphasized

    @property
    def word_count(self) -> int:
        """Words of the phrase."""
        return self.key.count(" ") + 1


def candidates_of(analysis: Analysis, acronyms: Mapping[str, str]) -> dict[str, Candidate]:
    """Every phrase that occurs twice or has some mark of a term, by key, in order of first mention.

    In languages written without spaces only marked phrases, headings and emphasised words.

    `acronyms` maps the keys of acronyms to the keys of their full names, under which they are counted.
    """
    marks = marks_by_key(analysis)
    headings, whole_headings = _heading_keys(analysis)
    counts = _count_phrases(analysis)
    writes_words = analysis.language.code not in _WITHOUT_SPACES
    kept = {key for key, count in counts.items() if writes_words and count >= 2 and is_wordlike(key)}
    told = headings | {key_of_text(analysis, term) for term in analysis.emphasized}
    kept |= marks.keys() | {key for key in told if is_wordlike(key)}
    found: dict[str, Candidate] = {}
    for sentence in analysis.sentences:
        _add_mentions(found, kept, analysis, sentence)
    for key, candidate in found.items():
        candidate.marks = marks.get(key, [])
        candidate.is_heading = key in whole_headings and key not in _APPARATUS
        candidate.heading = whole_headings.get(key, "")
    for term in analysis.emphasized:
        emphasized = found.get(key_of_text(analysis, term))
        if emphasized:
            emphasized.emphasized += 1
    for short, full in acronyms.items():
        if full in found and short in found and short != full:
            found[full].absorb(found.pop(short))
    return found


def key_of_text(analysis: Analysis, text: str) -> str:
    """The key of a phrase given as text."""
    return key_of(analysis.tokens_of(text))


def _count_phrases(analysis: Analysis) -> Counter[str]:
    counts: Counter[str] = Counter()
    for sentence in analysis.sentences:
        for first, end in chunks(sentence):
            for start, stop in subphrases(sentence.tokens, first, end):
                counts[key_of(sentence.tokens[start:stop])] += 1
        for first, end in properties(sentence):
            counts[key_of(sentence.tokens[first:end])] += 1
    return counts


def _add_mentions(
    found: dict[str, Candidate], kept: set[str], analysis: Analysis, sentence: Sentence
) -> None:
    tokens = sentence.tokens
    keys = [key_of((token,)) for token in tokens]
    section = analysis.section_of[sentence.passage]
    reach = _REACH_WITHOUT_SPACES if analysis.language.code in _WITHOUT_SPACES else _REACH
    for first in range(len(tokens)):
        if not tokens[first].is_word or (tokens[first].is_stop and not is_phrase_word(tokens[first])):
            continue
        key = ""
        for end in range(first + 1, min(first + reach, len(tokens)) + 1):
            if not keys[end - 1]:
                break
            key = f"{key} {keys[end - 1]}" if key else keys[end - 1]
            if key in kept:
                _mention(found, key, sentence, first, end, section)


def _mention(
    found: dict[str, Candidate], key: str, sentence: Sentence, first: int, end: int, section: int
) -> None:
    candidate = found.get(key)
    if candidate is None:
        candidate = found[key] = Candidate(key)
    candidate.count += 1
    candidate.sections.add(section)
    candidate.in_objectives += sentence.is_objective
    if len(candidate.mentions) < _KEPT_MENTIONS:
        candidate.mentions.append((sentence.index, first, end))


def _heading_keys(analysis: Analysis) -> tuple[set[str], dict[str, str]]:
    """The phrases that stand in headings, and the spelling of those that are whole headings, by key."""
    inside: set[str] = set()
    whole: dict[str, str] = {}
    for section in analysis.sections:
        for tokens in _heading_parts(section.heading):
            whole.setdefault(key_of(tokens), " ".join(token.surface for token in tokens))
            inside.update(_phrases_of(tokens))
    whole.pop("", None)
    return inside | whole.keys(), whole


def _phrases_of(tokens: Sequence[Token]) -> Iterator[str]:
    """The keys of all the phrases in a heading."""
    first = 0
    while first < len(tokens):
        end = phrase_end(tokens, first)
        for start, stop in subphrases(tokens, first, end):
            yield key_of(tokens[start:stop])
        first = max(end, first + 1)


def _heading_parts(heading: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """A heading, and the parts that `and` joins: `Tree and Venn Diagrams` gives `Tree Diagrams` too."""
    tokens = tuple(heading)
    yield tokens
    joint = next((i for i, token in enumerate(tokens) if token.lower == "and"), None)
    if joint is None or len(tokens) > 8:
        return
    left, right = tokens[:joint], tokens[joint + 1 :]
    yield left
    yield right
    if left and right and right[-1].is_word:
        yield (*left, right[-1])
