"""Which terms of a document are of the same sort, by their names, their definitions and their company."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from itertools import pairwise

from mootion.llm.v1.task_pb2 import RELATED, Relation

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.listings import Listing
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.term_index import Mention

# Features of a term's contexts that are kept, the heaviest first.
_FEATURES = 60
_SYNONYM_LINK = re.compile(
    r"^\s*(?:\(|, |,? ?—)?\s*(?:or|also called|also known as|also referred to as|(?:clinically|commonly|sometimes"
    r"|often|usually|better) "
    r"(?:called|known as|referred to as)|abbreviated(?: as)?|aka|i\.e\.,?)\s*(?:an?|the)?\s*$|^\s*\($",
    re.IGNORECASE,
)


class WordClass(Enum):
    """What sort of word a term is, as far as options must agree in it."""

    NOUN = "noun"
    NAME = "name"
    ADJECTIVE = "adjective"


class Kinship:
    """Likeness of terms: 0 for strangers, about 2 for terms of one topic, above `CLOSE` for terms of one sort."""

    CLOSE = 2.6

    def __init__(
        self,
        reading: Reading,
        definitions: list[Definition],
        listings: list[Listing],
        relations: Sequence[Relation] = (),
    ) -> None:
        self._reading = reading
        self._definitions = definitions
        self._genus = {d.term: self._genus_of(d) for d in definitions}
        self._listed = self._lists_of_terms(listings)
        self._related = self._pairs_of(relations)
        self._classes: dict[int, WordClass] = {}

    def likeness(self, a: int, b: int) -> float:
        """How alike two terms are; the same both ways."""
        one, other = self._reading.terms[a], self._reading.terms[b]
        score = 1.8 * (one.keys[0][-1] == other.keys[0][-1])
        score += 1.8 * bool(self._listed.get(a, frozenset()) & self._listed.get(b, frozenset()))
        score += 1.4 * (self._genus.get(a, "-") == self._genus.get(b, "+"))
        score += 1.6 * _cosine(self._contexts.get(a, {}), self._contexts.get(b, {}))
        score += 0.9 * (self._home.get(a) == self._home.get(b)) + 0.5 * (self._chapter(a) == self._chapter(b))
        score += 0.5 * (one.name[-4:] == other.name[-4:]) + 0.2 * (len(one.keys[0]) == len(other.keys[0]))
        score += 0.8 * ((min(a, b), max(a, b)) in self._related)
        return score + 0.3 * (b in self._genus and a in self._genus)

    def word_class(self, term: int) -> WordClass:
        """Whether a term is a noun, a proper name or an adjective."""
        if term not in self._classes:
            self._classes[term] = self._class_of(term)
        return self._classes[term]

    def are_synonyms(self, a: int, b: int) -> bool:
        """Whether a sentence calls one by the name of the other, as in `hemopoiesis, or hematopoiesis`."""
        return (min(a, b), max(a, b)) in self._synonyms

    def is_kind_of(self, narrow: int, wide: int) -> bool:
        """Whether `narrow` is defined as a `wide`, as in `a braided river is a river that`."""
        opening = self._openings.get(narrow, ())
        return any(
            opening[i : i + len(key)] == key
            for key in self._reading.terms[wide].keys
            for i in range(len(opening) - len(key) + 1)
        )

    @cached_property
    def _openings(self) -> dict[int, tuple[str, ...]]:
        """The first words of what each term means."""
        return {d.term: self._reading.key_of(d.meaning)[:6] for d in self._definitions}

    @cached_property
    def _contexts(self) -> dict[int, dict[str, float]]:
        """What stands around each term: the words beside it and in its sentences, weighted by rarity, of length 1."""
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        for sentence, mentions in self._reading.mentioning:
            for mention in mentions:
                counts[mention.term].update(_features(sentence, mention))
        spread = Counter(feature for features in counts.values() for feature in features)
        return {term: _weighted(features, spread, len(counts)) for term, features in counts.items()}

    @cached_property
    def _home(self) -> dict[int, int]:
        """The section in which each term is named most."""
        counts: dict[int, Counter[int]] = defaultdict(Counter)
        for sentence, mentions in self._reading.mentioning:
            for mention in mentions:
                counts[mention.term][self._reading.analysis.section_of[sentence.passage]] += 1
        return {term: min(sections, key=lambda s: (-sections[s], s)) for term, sections in counts.items()}

    @cached_property
    def _synonyms(self) -> frozenset[tuple[int, int]]:
        return frozenset(
            (min(a.term, b.term), max(a.term, b.term))
            for sentence, mentions in self._reading.mentioning
            for a, b in pairwise(mentions)
            if a.term != b.term and _SYNONYM_LINK.match(_between(sentence, a, b))
        )

    def _chapter(self, term: int) -> tuple[str, ...]:
        home = self._home.get(term)
        return self._reading.analysis.sections[home].path[:-1] if home is not None else (str(term),)

    def _class_of(self, term: int) -> WordClass:
        name = self._reading.terms[term].name
        tokens = [t for t in self._reading.tokens_of(name) if t.is_word]
        if tokens and tokens[-1].tag in ("ADJ", "ED", "ADV", "VERB"):
            return WordClass.ADJECTIVE
        is_name = bool(tokens) and all(t.surface[:1].isupper() for t in tokens) and not name.isupper()
        return WordClass.NAME if is_name else WordClass.NOUN

    def _genus_of(self, definition: Definition) -> str:
        """The noun that a meaning begins with, in the singular: `reaction` of `a chemical reaction that ...`."""
        last = ""
        for token in [t for t in self._reading.tokens_of(definition.meaning) if t.is_word][:7]:
            if token.tag in ("NOUN", "ING"):
                last = token.lower
            elif last:
                break
        return self._reading.key_of(last)[0] if last else ""

    def _pairs_of(self, relations: Sequence[Relation]) -> frozenset[tuple[int, int]]:
        """Terms that are explained together, as pairs in order of position."""
        pairs = set()
        for relation in relations:
            ends = [
                self._reading.find(self._reading.key_of(name)) for name in (relation.source, relation.target)
            ]
            if relation.type == RELATED and ends[0] is not None and ends[1] is not None:
                pairs.add((min(ends[0], ends[1]), max(ends[0], ends[1])))
        return frozenset(pairs)

    def _lists_of_terms(self, listings: list[Listing]) -> dict[int, frozenset[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for number, listing in enumerate(listings):
            for part in listing.items:
                term = self._reading.find(self._reading.key_of(part))
                if term is not None:
                    found[term].add(number)
        return {term: frozenset(numbers) for term, numbers in found.items()}


def _features(sentence: Sentence, mention: Mention) -> list[str]:
    tokens = sentence.tokens
    around = [f"<{t.stem}" for t in tokens[max(0, mention.first - 1) : mention.first]]
    around += [f">{t.stem}" for t in tokens[mention.last : mention.last + 1]]
    inside = [t.stem for i, t in enumerate(tokens) if not t.is_stop and not mention.first <= i < mention.last]
    return around * 2 + inside


def _weighted(features: Counter[str], spread: Counter[str], total: int) -> dict[str, float]:
    weights = {f: math.log1p(n) * math.log(1 + total / spread[f]) for f, n in features.items()}
    kept = dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:_FEATURES])
    length = math.sqrt(sum(w * w for w in kept.values())) or 1.0
    return {feature: weight / length for feature, weight in kept.items()}


def _cosine(a: dict[str, float], b: dict[str, float]) -> float:
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    return sum(weight * large.get(feature, 0.0) for feature, weight in small.items())


def _between(sentence: Sentence, a: Mention, b: Mention) -> str:
    tokens = sentence.tokens
    return sentence.text[tokens[a.last - 1].end - sentence.start : tokens[b.first].start - sentence.start]
