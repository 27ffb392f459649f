"""Cutting passages into spans that can be taught one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from services.llm.extractive.analysis import Analysis, Sentence

# An atom has about this many words, unless its passage is shorter.
_FEWEST_WORDS = 45
_MOST_WORDS = 170


@dataclass(frozen=True, slots=True)
class AtomSpan:
    """Sentences on end of one passage that make one atom."""

    passage: int
    sentences: tuple[Sentence, ...]

    @property
    def start(self) -> int:
        """First character within the passage's text."""
        return self.sentences[0].start

    @property
    def end(self) -> int:
        """One past the last character within the passage's text."""
        return self.sentences[-1].end

    @property
    def word_count(self) -> int:
        """Words of the span."""
        return sum(_words(sentence) for sentence in self.sentences)


def atom_spans(analysis: Analysis) -> Iterator[AtomSpan]:
    """The spans of all passages in order; lists of learning objectives are left out.

    Paragraphs stay whole up to 170 words; shorter ones join the next of their passage until there are 45.
    """
    for passage in range(len(analysis.passages)):
        for is_objective, run in groupby(
            analysis.sentences_of(passage), lambda sentence: sentence.is_objective
        ):
            if not is_objective:
                for group in _groups(_paragraphs(analysis, list(run))):
                    yield AtomSpan(passage, tuple(group))


def _paragraphs(analysis: Analysis, sentences: Sequence[Sentence]) -> list[list[Sentence]]:
    text = analysis.passages[sentences[0].passage].text
    paragraphs: list[list[Sentence]] = [[]]
    for sentence in sentences:
        if paragraphs[-1] and "\n" in text[paragraphs[-1][-1].end : sentence.start]:
            paragraphs.append([])
        paragraphs[-1].append(sentence)
    return [part for paragraph in paragraphs for part in _cut(paragraph)]


def _cut(paragraph: list[Sentence]) -> list[list[Sentence]]:
    """A paragraph in parts of about equal length, none much over the most words."""
    total = sum(_words(sentence) for sentence in paragraph)
    parts = max(1, -(-total // _MOST_WORDS))
    aim = total / parts
    cut: list[list[Sentence]] = [[]]
    done = 0
    for sentence in paragraph:
        if cut[-1] and done >= aim * len(cut) and len(cut) < parts:
            cut.append([])
        cut[-1].append(sentence)
        done += _words(sentence)
    return cut


def _groups(paragraphs: Sequence[list[Sentence]]) -> list[list[Sentence]]:
    """Joins short paragraphs to the one that follows, a short last one to the one before."""
    groups: list[list[Sentence]] = []
    for paragraph in paragraphs:
        length = sum(_words(sentence) for sentence in paragraph)
        before = sum(_words(sentence) for sentence in groups[-1]) if groups else _FEWEST_WORDS
        short = before < _FEWEST_WORDS or length < _FEWEST_WORDS // 3
        if groups and short and before + length <= _MOST_WORDS:
            groups[-1].extend(paragraph)
        else:
            groups.append(list(paragraph))
    return groups


def _words(sentence: Sentence) -> int:
    return sum(token.is_word for token in sentence.tokens)
