"""A document read for its questions: its terms, where they are mentioned, and which sentences can stand alone."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mootion.llm.v1.task_pb2 import Concept

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.questions.notation import Told, notation_of
from services.llm.extractive.questions.repeats import said_once
from services.llm.extractive.questions.standalone import (
    is_instruction,
    is_weak,
    opens_case_with_if,
    sentences_of_examples,
    speaks_of_one_before,
    stands_alone,
    without_connective,
)
from services.llm.extractive.questions.term_index import Mention, Term, TermIndex
from services.llm.extractive.questions.wording import is_plural_noun, with_small_letter
from services.llm.extractive.tokens import Token

_ABSTRACT = ("ity", "ism", "ness", "ance", "ence", "ics", "ogy")
_OPENERS = frozenset(".:“\"•‘'–—")


@dataclass
class Reading:
    """An analysis with the terms to ask about; what is derived from them is worked out once."""

    analysis: Analysis

    @cached_property
    def index(self) -> TermIndex:
        """Where the terms are mentioned."""
        return TermIndex(self.analysis.language)

    @property
    def terms(self) -> list[Term]:
        """The terms by position."""
        return self.index.terms

    def add(self, term: Term) -> int:
        """Position of `term` after adding it."""
        return self.index.add(term)

    def find(self, key: tuple[str, ...]) -> int | None:
        """Position of the term with these words in the singular."""
        return self.index.find(key)

    def key_of(self, text: str) -> tuple[str, ...]:
        """The words of `text` in lower case and in the singular."""
        return self.index.key_of(text)

    def tokens_of(self, text: str) -> tuple[Token, ...]:
        """Tagged tokens of `text`."""
        return self.index.tokens_of(text)

    def mentions_in(self, tokens: Sequence[Token]) -> tuple[Mention, ...]:
        """The terms that `tokens` mention."""
        return self.index.mentions_in(tokens)

    def mentions(self, sentence: Sentence) -> tuple[Mention, ...]:
        """The terms that a sentence mentions, the longest at each place, in order."""
        return self.mentions_in(sentence.tokens)

    def stems_of(self, text: str) -> tuple[str, ...]:
        """Stems of the words of `text`, stop words too."""
        return tuple(
            token.stem for token in self.index.tokens_of(text) if token.is_word or token.tag == "NUM"
        )

    def content_stems(self, text: str) -> frozenset[str]:
        """Stems of the words of `text` that carry meaning."""
        return frozenset(token.stem for token in self.index.tokens_of(text) if not token.is_stop)

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

    def is_counted(self, term: int) -> bool:
        """Whether the document puts a or an before the term."""
        return term in self._counted

    @cached_property
    def notation(self) -> Mapping[str, tuple[Told, ...]]:
        """What is told about each symbol."""
        return notation_of(self.analysis)

    @cached_property
    def small_forms(self) -> frozenset[str]:
        """Words that the document writes with a small letter somewhere."""
        return frozenset(
            t.surface for s in self.analysis.sentences for t in s.tokens if t.surface[:1].islower()
        )

    @cached_property
    def mentioning(self) -> list[tuple[Sentence, tuple[Mention, ...]]]:
        """All sentences that mention a term, with their mentions, in order."""
        found = ((sentence, self.mentions(sentence)) for sentence in self.analysis.sentences)
        return [(sentence, mentions) for sentence, mentions in found if mentions]

    @cached_property
    def _counted(self) -> frozenset[int]:
        """Terms that stand with a or an often enough against without any determiner; abstract nouns seldom are."""
        with_article, bare = Counter[int](), Counter[int]()
        for sentence, mentions in self.mentioning:
            for mention in mentions:
                counts = _counts_by_article(sentence, mention, with_article, bare)
                if counts is not None:
                    counts[mention.term] += 1
        return frozenset(
            term
            for term, count in with_article.items()
            if (
                count > 2 * bare[term]
                if self.terms[term].name.endswith(_ABSTRACT)
                else 4 * count >= bare[term]
            )
        )

    @cached_property
    def forms(self) -> frozenset[str]:
        """All words of the document as written, in lower case."""
        return frozenset(t.lower for s in self.analysis.sentences for t in s.tokens if t.is_word)

    @cached_property
    def examples(self) -> frozenset[int]:
        """Sentences of made-up cases."""
        return sentences_of_examples(self.analysis)

    @cached_property
    def case_openings(self) -> frozenset[int]:
        """Sentences that open a made-up case and say all of it, with if."""
        return frozenset(i for i in self.examples if opens_case_with_if(self.analysis.sentences[i]))

    @cached_property
    def standing(self) -> tuple[Sentence, ...]:
        """Sentences of the teaching text that stand alone, in order, each wording once."""
        return said_once(s for s in self._readable if s.index not in self.weak)

    @cached_property
    def askable(self) -> tuple[Sentence, ...]:
        """The sentences that stand alone, and the weak ones that can be asked about where there are too few."""
        weak = (s for s in self._readable if s.index in self.weak)
        return tuple(sorted(said_once((*self.standing, *weak)), key=lambda sentence: sentence.index))

    @cached_property
    def weak(self) -> frozenset[int]:
        """Askable sentences that address the reader, open vaguely or speak of a made-up case."""
        return frozenset(
            s.index for s in self._readable if s.index in self.examples or is_weak(without_connective(s.text))
        )

    @cached_property
    def _readable(self) -> tuple[Sentence, ...]:
        return tuple(
            sentence
            for sentence in self.analysis.sentences
            if (sentence.index not in self.examples or sentence.index in self.case_openings)
            and stands_alone(sentence)
            and not speaks_of_one_before(self.analysis, sentence)
            and not is_instruction(self.analysis, sentence)
        )


def _counts_by_article(
    sentence: Sentence, mention: Mention, with_article: Counter[int], bare: Counter[int]
) -> Counter[int] | None:
    """Where a mention in the singular counts: among those with a or an, among those with nothing, or nowhere."""
    tokens = sentence.tokens
    after = tokens[mention.last].tag if mention.last < len(tokens) else ""
    if after in ("NOUN", "POS") or is_plural_noun(tokens[mention.last - 1].lower):
        return None
    before = tokens[mention.first - 1] if mention.first else None
    if before is not None and before.lower in ("a", "an"):
        return with_article
    free = before is None or before.tag in ("ADP", "CONJ", "VERB", "AUX", "MARK", "ADV")
    return bare if free else None


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
        dict.fromkeys(key for key in (reading.key_of(_bare(name)) for name in names) if _usable(key))
    )
    if not keys or not _is_name(reading, _bare(concept.name)):
        return None
    term = Term(
        _bare(concept.name),
        concept.name,
        keys,
        concept.importance,
        int(concept.level),
        tuple(concept.aliases),
    )
    return replace(term, name=running_spelling(reading, term))


def _is_name(reading: Reading, name: str) -> bool:
    """Whether a name can be asked for: no marks or codes in it, no joining word at its ends, no verb alone."""
    tokens = reading.tokens_of(name)
    if not tokens or any(not token.is_word and token.surface not in ("-", "'", "’") for token in tokens):
        return False
    if re.search(r"[A-Z]\d[A-Z]\d|[A-Z](?:AND|OR)[A-Z]", name):
        return False
    ends = (tokens[0], tokens[-1])
    joins = any(end.is_stop for end in ends)
    return not joins and (len(tokens) > 1 or tokens[0].tag not in ("VERB", "AUX"))


def running_spelling(reading: Reading, term: Term) -> str:
    """The spelling of a term in the middle of sentences, else its name with a small letter.

    A name that running text always begins with a capital keeps it.
    """
    capital = None
    for spelled in _inner_mentions(reading, term.keys[0]):
        if spelled.lower() != term.name.lower():
            continue
        if not spelled[:1].isupper():
            return spelled
        capital = capital or spelled
    return capital or with_small_letter(term.name)


def _inner_mentions(reading: Reading, key: tuple[str, ...]) -> Iterator[str]:
    """How sentences spell `key` anywhere but at their beginning, the first 60."""
    analysis = reading.analysis
    for index in analysis.sentences_with.get(analysis.language.stem(key[0]), ())[:60]:
        sentence = analysis.sentences[index]
        tokens = sentence.tokens
        for i in range(1, len(tokens) - len(key) + 1):
            if tokens[i - 1].surface not in _OPENERS and reading.index.matches(tokens, i, key):
                yield sentence.text[
                    tokens[i].start - sentence.start : tokens[i + len(key) - 1].end - sentence.start
                ]


def _bare(name: str) -> str:
    """A name without an acronym in brackets."""
    return re.sub(r"\s*\([^()]*\)", "", name).strip() or name


def _usable(key: tuple[str, ...]) -> bool:
    return bool(key) and (len(key) > 1 or len(key[0]) > 1)
