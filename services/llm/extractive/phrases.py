"""Noun phrases: where they stand, and the key under which their variants are one."""

from collections.abc import Iterator, Sequence

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.closed_classes import words
from services.llm.extractive.inflection import singular
from services.llm.extractive.tokens import Token

# The longest phrase taken as one name, in words.
MAX_WORDS = 5

_PHRASE_TAGS = frozenset(("NOUN", "ADJ", "ING", "ED"))
_HEAD_TAGS = frozenset(("NOUN", "ING"))
_LINKS = frozenset(("of", "with", "without", "to", "for", "in"))
# Words that stand inside noun phrases but never in a name.
_NEVER_IN_NAMES = words(
    """same other such own different several various certain following previous next many few important
    typical able available familiar above below like lot kind sort example fact addition page way thing
    including according resulting given called based using used shown known see today e.g i.e etc etc. vs means"""
)


def key_of(tokens: Sequence[Token]) -> str:
    """The words of a phrase in lower case and the singular: the same for `Ionic bonds` and `ionic bond`."""
    return " ".join(singular(token.lower) for token in tokens if token.is_word or token.tag == "NUM")


def is_phrase_word(token: Token) -> bool:
    """Whether a token can stand inside a noun phrase."""
    return token.is_word and token.tag in _PHRASE_TAGS and token.lower not in _NEVER_IN_NAMES


def is_head(token: Token) -> bool:
    """Whether a token can end a noun phrase."""
    return token.is_word and token.tag in _HEAD_TAGS and token.lower not in _NEVER_IN_NAMES


def chunks(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """First and one past the last token of every longest run of phrase words that ends in a head."""
    tokens = sentence.tokens
    i = 0
    while i < len(tokens):
        stop = i
        while stop < len(tokens) and is_phrase_word(tokens[stop]):
            stop += 1
        end = phrase_end(tokens, i)
        if end > i:
            yield i, end
        i = max(stop, i + 1)


def properties(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """First and one past the last token of every property named by two words, such as `mutually exclusive`."""
    tokens = sentence.tokens
    for i in range(len(tokens) - 1):
        if tokens[i].tag == "ADV" and tokens[i].lower.endswith("ly") and tokens[i + 1].tag == "ADJ":
            yield i, i + 2


def phrase_end(tokens: Sequence[Token], start: int, *, any_word_last: bool = False) -> int:
    """One past the last token of the noun phrase that starts at `start`; `start` where there is none.

    With `any_word_last`, the phrase may end in an adjective or a participle too, as names of properties do.
    """
    i = start
    if i < len(tokens) and tokens[i].tag == "ADV" and tokens[i].lower.endswith("ly") and any_word_last:
        i += 1
    while i < len(tokens) and is_phrase_word(tokens[i]):
        i += 1
    if any_word_last:
        return i if any(is_phrase_word(token) for token in tokens[start:i]) else start
    while i > start and not is_head(tokens[i - 1]):
        i -= 1
    return i


def phrase_start(tokens: Sequence[Token], end: int) -> int:
    """First token of the noun phrase that ends before `end`; `end` where there is none."""
    if end == 0 or not is_head(tokens[end - 1]):
        return end
    i = end
    while i > 0 and is_phrase_word(tokens[i - 1]):
        i -= 1
    return i


def linked_start(tokens: Sequence[Token], start: int) -> int:
    """The start of `N of (the) PHRASE` and the like for a phrase at `start`; `start` without a link."""
    i = start - 1
    if i > 0 and tokens[i].lower == "the":
        i -= 1
    if i <= 0 or tokens[i].lower not in _LINKS:
        return start
    first = phrase_start(tokens, i)
    return first if first < i else start


def subphrases(tokens: Sequence[Token], first: int, end: int) -> Iterator[tuple[int, int]]:
    """Every run of 1 to 5 words within a chunk that ends in a head, the longest and leftmost first."""
    for length in range(min(MAX_WORDS, end - first), 0, -1):
        for start in range(first, end - length + 1):
            if is_head(tokens[start + length - 1]):
                yield start, start + length


def surface(sentence: Sentence, first: int, end: int) -> str:
    """The text of tokens `first` to `end` as it stands in the sentence."""
    tokens = sentence.tokens
    return sentence.text[tokens[first].start - sentence.start : tokens[end - 1].end - sentence.start]
