"""What a query asks for: its phrases, its words without function words, and mended spellings."""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp

import wordfreq

SHORTEST_MENDED = 4
LEAST_LIKENESS = 0.72
# Words that say how something is asked, not what about. Dropped unless nothing else is left.
_FUNCTION_WORDS = """
    a an the of to in on at by for from with as is are was were be been being am do does did has have
    had will would can could shall should may might must and or nor but if then than that this these
    those it its there here what which who whom whose when where why how i you he she we they me him her
    us them my your our their not no so such into about between during each some any all both either
    neither most more much many also only other same
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
# A word met once in 10,000 words (5 on the Zipf scale of van Heuven et al. 2014) counts half, and how fast that falls.
HALF_WEIGHT_ZIPF = 5.0
WEIGHT_SLOPE = 1.5


@dataclass(frozen=True)
class Words:
    """Phrases to find as they stand, and single words."""

    phrases: Sequence[str]
    single: Sequence[str]


def parse_words(query: str) -> Words:
    """Splits a query. An unclosed quotation mark counts as none."""
    phrases = [phrase.strip() for phrase in re.findall(r'"([^"]+)"', query) if phrase.strip()]
    rest = re.sub(r'"[^"]*"', " ", query)
    words = list(dict.fromkeys(re.findall(r"\w+(?:['’]\w+)*", rest)))
    telling = [word for word in words if word.casefold() not in FUNCTION_WORDS]
    return Words(phrases, telling or ([] if phrases else words))


def weight(word: str) -> float:
    """What a word tells by its rarity in English at large, above 0 and at most 1; an unknown word tells most.

    A chapter is too small a sample to say it: "likely" is as rare in one as "isotope". The rarity within the index,
    which the engine adds, stays (background frequencies beside those of the collection: Zhai and Lafferty 2004).
    """
    zipf = float(wordfreq.zipf_frequency(word, "en"))
    return 1 / (1 + exp(WEIGHT_SLOPE * (zipf - HALF_WEIGHT_ZIPF)))


def corrected_words(
    words: Words, spellings: Callable[[str], Sequence[tuple[str, int]] | None]
) -> tuple[Words, str]:
    """Mends the words that are unknown.

    Args:
        spellings: None for a known word, else known words that begin alike, with their frequency.

    Returns:
        The words with the most alike known word in place of each unknown one (Ratcliff and Obershelp 1988), and the
        mended query, empty where nothing was mended.
    """
    mended = [_mended(word, spellings) for word in words.single]
    if mended == list(words.single):
        return words, ""
    query = " ".join([*(f'"{phrase}"' for phrase in words.phrases), *mended])
    return Words(words.phrases, mended), query


def _mended(word: str, spellings: Callable[[str], Sequence[tuple[str, int]] | None]) -> str:
    if len(word) < SHORTEST_MENDED:
        return word
    known = spellings(word)
    if not known:
        return word
    counts = dict(known)
    alike = [other for other in counts if abs(len(other) - len(word)) <= 2]
    close = difflib.get_close_matches(word.casefold(), alike, n=5, cutoff=LEAST_LIKENESS)
    if not close:
        return word
    best = difflib.SequenceMatcher(None, word.casefold(), close[0]).ratio()
    equal = [o for o in close if difflib.SequenceMatcher(None, word.casefold(), o).ratio() >= best - 0.01]
    return max(equal, key=lambda other: counts[other])
