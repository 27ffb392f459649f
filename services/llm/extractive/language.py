"""What is known about a language without reading a document: stop words, stems, how common a word is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import log10
from types import MappingProxyType

import snowballstemmer
import wordfreq

from services.llm.extractive.closed_classes import ENGLISH_STOP_WORDS

DEFAULT_LANGUAGE = "en"

# Words of a language that the lists do not know count as this common: rarer than every listed word.
UNKNOWN_ZIPF = 0.0

# Where no list of stop words is kept, words at least this common (one in 800) count as stop words.
STOP_WORD_ZIPF = 6.1

_STEMMERS = MappingProxyType(
    {
        "ar": "arabic",
        "ca": "spanish",
        "da": "danish",
        "de": "german",
        "el": "greek",
        "en": "english",
        "es": "spanish",
        "fi": "finnish",
        "fr": "french",
        "hi": "hindi",
        "hu": "hungarian",
        "id": "indonesian",
        "it": "italian",
        "lt": "lithuanian",
        "nb": "norwegian",
        "nl": "dutch",
        "no": "norwegian",
        "pl": "polish",
        "pt": "portuguese",
        "ro": "romanian",
        "ru": "russian",
        "sr": "serbian",
        "sv": "swedish",
        "ta": "tamil",
        "tr": "turkish",
    }
)


@dataclass(frozen=True)
class Language:
    """A language as the analysis needs it.

    `code` is ISO 639-1. `stem` maps a lower-case word to its stem (the word itself where snowball has no
    stemmer). `zipf` gives how common a lower-case word is on the Zipf scale: log10 of its occurrences in a
    billion words, 0 for a word that the frequency list does not hold or a language without a list. Stop
    words are the kept list for English and the words with Zipf at least 6.1 elsewhere.
    """

    code: str
    stem: Callable[[str], str]
    zipf: Callable[[str], float]
    is_stop: Callable[[str], bool]

    @property
    def is_english(self) -> bool:
        """Whether the part-of-speech rules and most definition patterns apply."""
        return self.code == DEFAULT_LANGUAGE


@cache
def language_of(code: str) -> Language:
    """The language for an ISO 639-1 code with an optional region; unknown and empty codes get no stemmer and
    no list.

    An empty code means English.
    """
    base = (code or DEFAULT_LANGUAGE).lower().replace("_", "-").split("-")[0]
    zipf = _zipf_lookup(base)
    is_stop = ENGLISH_STOP_WORDS.__contains__ if base == DEFAULT_LANGUAGE else _common_word_test(zipf)
    return Language(code=base, stem=_stemmer(base), zipf=zipf, is_stop=is_stop)


def _stemmer(base: str) -> Callable[[str], str]:
    algorithm = _STEMMERS.get(base)
    if algorithm is None:
        return lambda word: word
    stem_word: Callable[[str], str] = snowballstemmer.stemmer(algorithm).stemWord
    return stem_word


def _zipf_lookup(base: str) -> Callable[[str], float]:
    code = "nb" if base == "no" else base
    if code not in wordfreq.available_languages("best"):
        return lambda word: UNKNOWN_ZIPF
    frequencies = wordfreq.get_frequency_dict(code, wordlist="best")

    def zipf(word: str) -> float:
        frequency = frequencies.get(word, 0.0)
        return round(log10(frequency) + 9, 2) if frequency > 0 else UNKNOWN_ZIPF

    return zipf


def _common_word_test(zipf: Callable[[str], float]) -> Callable[[str], bool]:
    return lambda word: zipf(word) >= STOP_WORD_ZIPF
