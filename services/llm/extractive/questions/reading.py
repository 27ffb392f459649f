"""A document read for its questions: its terms, where they are mentioned, and which sentences can stand alone."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from mootion.llm.v1.task_pb2 import Concept

from services.llm.extractive.analysis import Analysis, Sentence, SentenceReader
from services.llm.extractive.questions.standalone import (
    sentences_of_examples,
    stands_alone,
)
from services.llm.extractive.questions.wording import with_small_letter
from services.llm.extractive.tokens import Token

_OPENERS = frozenset(".:“\"•‘'–—")


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the document.

    `name` is as running text spells it. `keys` are the stems of its name and of its other names. `concept` is the
    name of the concept it came from, or its own.
    """

    name: str
    concept: str
    keys: tuple[tuple[str, ...], ...]
    importance: float
    depth: int
    other_names: tuple[str, ...] = ()

    @property
    def stems(self) -> frozenset[str]:
        """All stems of its name."""
        return frozenset(self.keys[0])


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention of a term: tokens `first` to before `last` of a sentence."""

    term: int
    first: int
    last: int


@dataclass
class Reading:
    """An analysis with the terms to ask about; what is derived from them is worked out once."""

    analysis: Analysis
    terms: list[Term] = field(default_factory=list)
    _by_first_stem: dict[str, list[tuple[tuple[str, ...], int]]] = field(default_factory=dict)
    _by_key: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, term: Term) -> int:
        """Position of `term` after adding it; a term known under one of its keys is not added again."""
        known = next((self._by_key[key] for key in term.keys if key in self._by_key), None)
        if known is not None:
            return known
        position = len(self.terms)
        self.terms.append(term)
        for key in term.keys:
            if key and key not in self._by_key:
                self._by_key[key] = position
                self._by_first_stem.setdefault(key[0], []).append((key, position))
        return position

    def find(self, key: tuple[str, ...]) -> int | None:
        """Position of the term with these stems."""
        return self._by_key.get(key)

    def stems_of(self, text: str) -> tuple[str, ...]:
        """Stems of the words of `text`, stop words too."""
        return tuple(token.stem for token in self._reader.tokens(text) if token.is_word or token.tag == "NUM")

    def tokens_of(self, text: str) -> tuple[Token, ...]:
        """Tagged tokens of `text`."""
        return self._reader.tokens(text)

    def content_stems(self, text: str) -> frozenset[str]:
        """Stems of the words of `text` that carry meaning."""
        return frozenset(token.stem for token in self._reader.tokens(text) if not token.is_stop)

    def mentions(self, sentence: Sentence) -> tuple[Mention, ...]:
        """The terms that a sentence mentions, the longest at each place, in order."""
        return self.mentions_in(sentence.tokens)

    def mentions_in(self, tokens: Sequence[Token]) -> tuple[Mention, ...]:
        """The terms that `tokens` mention, the longest at each place, in order."""
        found = []
        i = 0
        while i < len(tokens):
            best = self._longest_at(tokens, i)
            if best is None:
                i += 1
                continue
            found.append(best)
            i = best.last
        return tuple(found)

    def surface(self, sentence: Sentence, first: int, last: int) -> str:
        """The text of tokens `first` to before `last`."""
        tokens = sentence.tokens
        return sentence.text[tokens[first].start - sentence.start : tokens[last - 1].end - sentence.start]

    def passage_text(self, passage_id: str) -> str | None:
        """The text of a passage; None for an unknown one."""
        return self._passage_texts.get(passage_id)

    @cached_property
    def _passage_texts(self) -> dict[str, str]:
        return {passage.passage_id: passage.text for passage in self.analysis.passages}

    @cached_property
    def examples(self) -> frozenset[int]:
        """Sentences of made-up cases."""
        return sentences_of_examples(self.analysis)

    @cached_property
    def standing(self) -> tuple[Sentence, ...]:
        """Sentences of the teaching text that stand alone."""
        return tuple(s for s in self.analysis.sentences if s.index not in self.examples and stands_alone(s))

    @cached_property
    def _reader(self) -> SentenceReader:
        return SentenceReader(self.analysis.language)

    def _longest_at(self, tokens: Sequence[Token], i: int) -> Mention | None:
        best: Mention | None = None
        for key, position in self._by_first_stem.get(tokens[i].stem, ()):
            last = i + len(key)
            if (best is None or last > best.last) and _matches(tokens, i, key):
                best = Mention(position, i, last)
        return best


def _matches(tokens: Sequence[Token], i: int, key: tuple[str, ...]) -> bool:
    return i + len(key) <= len(tokens) and all(tokens[i + n].stem == stem for n, stem in enumerate(key))


def read(analysis: Analysis, concepts: Iterable[Concept]) -> Reading:
    """A reading of `analysis` with one term for each concept, most important first."""
    reading = Reading(analysis)
    for concept in sorted(concepts, key=lambda c: -c.importance):
        term = term_of(reading, concept)
        if term is not None:
            reading.add(term)
    return reading


def term_of(reading: Reading, concept: Concept) -> Term | None:
    """The term of a concept, spelled as running text spells it; None for a name without words."""
    names = [concept.name, *concept.aliases]
    keys = tuple(
        dict.fromkeys(key for key in (reading.stems_of(_bare(name)) for name in names) if _usable(key))
    )
    if not keys:
        return None
    term = Term(_bare(concept.name), concept.name, keys, concept.importance, int(concept.level), tuple(concept.aliases))
    return replace(term, name=running_spelling(reading, term))


def running_spelling(reading: Reading, term: Term) -> str:
    """The spelling of a term in the middle of sentences, else its name with a small letter.

    A name that running text always begins with a capital keeps it.
    """
    capital = None
    for spelled in _inner_mentions(reading.analysis, term.keys[0]):
        if spelled.lower() != term.name.lower():
            continue
        if not spelled[:1].isupper():
            return spelled
        capital = capital or spelled
    return capital or with_small_letter(term.name)


def _inner_mentions(analysis: Analysis, key: tuple[str, ...]) -> Iterator[str]:
    """How sentences spell `key` anywhere but at their beginning, the first 60."""
    for index in analysis.sentences_with.get(key[0], ())[:60]:
        sentence = analysis.sentences[index]
        tokens = sentence.tokens
        for i in range(1, len(tokens) - len(key) + 1):
            if tokens[i - 1].surface not in _OPENERS and _matches(tokens, i, key):
                yield sentence.text[
                    tokens[i].start - sentence.start : tokens[i + len(key) - 1].end - sentence.start
                ]


def _bare(name: str) -> str:
    """A name without an acronym in brackets."""
    return re.sub(r"\s*\([^()]*\)", "", name).strip() or name


def _usable(key: tuple[str, ...]) -> bool:
    return bool(key) and (len(key) > 1 or len(key[0]) > 1)
