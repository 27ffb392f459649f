"""Where a document speaks of given concepts, by any of their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from mootion.llm.v1.task_pb2 import Concept

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.phrases import key_of

# Tokens of the longest name that is looked for. In Chinese and Japanese each character is one.
_LONGEST_NAME = 32


class Mention(NamedTuple):
    """Concept `concept` at tokens `first` to `end` of sentence `sentence`."""

    concept: int
    sentence: int
    first: int
    end: int


@dataclass(frozen=True)
class ConceptMentions:
    """All mentions of a list of concepts; a longer name hides the shorter ones inside it.

    `inside` holds for each concept the others whose names stand in its own: `bond` in `ionic bond`.
    """

    by_sentence: Mapping[int, tuple[Mention, ...]]
    by_concept: tuple[tuple[Mention, ...], ...]
    inside: tuple[tuple[int, ...], ...]

    def in_sentence(self, sentence: int) -> tuple[Mention, ...]:
        """The mentions in a sentence, in order."""
        return self.by_sentence.get(sentence, ())


def mentions_of(analysis: Analysis, concepts: Sequence[Concept]) -> ConceptMentions:
    """Finds every mention of the concepts in the analysed passages."""
    keys = _keys(analysis, concepts)
    longest = max((key.count(" ") + 1 for key in keys), default=0)
    openers = frozenset(key.split(" ", 1)[0] for key in keys)
    by_sentence = {
        sentence.index: found
        for sentence in analysis.sentences
        if (found := tuple(_in_sentence(sentence, keys, openers, longest)))
    }
    by_concept: list[list[Mention]] = [[] for _ in concepts]
    for found in by_sentence.values():
        for mention in found:
            by_concept[mention.concept].append(mention)
    inside = tuple(_inside(position, keys) for position in range(len(concepts)))
    return ConceptMentions(MappingProxyType(by_sentence), tuple(map(tuple, by_concept)), inside)


def _keys(analysis: Analysis, concepts: Sequence[Concept]) -> dict[str, int]:
    """The concept of every name that may be found; where two share a name, the first."""
    keys: dict[str, int] = {}
    for position, concept in enumerate(concepts):
        keys.setdefault(key_of(analysis.tokens_of(concept.name)), position)
    for position, concept in enumerate(concepts):
        for alias in concept.aliases:
            keys.setdefault(key_of(analysis.tokens_of(alias)), position)
    return {key: position for key, position in keys.items() if key and key.count(" ") < _LONGEST_NAME}


def _in_sentence(
    sentence: Sentence, keys: Mapping[str, int], openers: frozenset[str], longest: int
) -> list[Mention]:
    words = [key_of((token,)) for token in sentence.tokens]
    found = []
    i = 0
    while i < len(words):
        end = _longest_match(words, i, keys, longest) if words[i] in openers else i
        if end > i:
            found.append(Mention(keys[" ".join(words[i:end])], sentence.index, i, end))
        i = max(end, i + 1)
    return found


def _longest_match(words: Sequence[str], start: int, keys: Mapping[str, int], longest: int) -> int:
    for end in range(min(start + longest, len(words)), start, -1):
        if " ".join(words[start:end]) in keys:
            return end
    return start


def _inside(position: int, keys: Mapping[str, int]) -> tuple[int, ...]:
    """The concepts named by a part of this one's names, in order of their number."""
    found: set[int] = set()
    for key, concept in keys.items():
        if concept != position or " " not in key:
            continue
        words = key.split(" ")
        runs = (" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1))
        found.update(keys[run] for run in runs if run in keys and keys[run] != position)
    return tuple(sorted(found))
