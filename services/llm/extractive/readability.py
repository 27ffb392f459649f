"""How hard a text is to read."""

import re
from collections.abc import Sequence

from services.llm.extractive.analysis import Sentence

_VOWELS = re.compile(r"[aeiouyäöüáéíóúàèìòùâêîôû]+", re.IGNORECASE)
# Grades between which the Flesch-Kincaid grade is spread over 0 to 1.
_EASIEST_GRADE, _HARDEST_GRADE = 4.0, 18.0
# Mean Zipf frequency of content words from everyday to specialist.
_EVERYDAY_ZIPF, _SPECIALIST_ZIPF = 5.2, 3.4


def syllables(word: str) -> int:
    """Syllables of a word by its groups of vowels, a silent final `e` left out; at least 1."""
    groups = len(_VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1
    return max(1, groups - silent)


def grade(sentences: Sequence[Sentence]) -> float:
    """The Flesch-Kincaid grade level (Kincaid et al., 1975); 0 for no words."""
    words = [token.lower for sentence in sentences for token in sentence.tokens if token.is_word]
    if not words:
        return 0.0
    per_sentence = len(words) / max(1, len(sentences))
    per_word = sum(syllables(word) for word in words) / len(words)
    return 0.39 * per_sentence + 11.8 * per_word - 15.59


def reading_difficulty(sentences: Sequence[Sentence]) -> float:
    """0 to 1 by the grade level."""
    return _spread(grade(sentences), _EASIEST_GRADE, _HARDEST_GRADE)


def rarity(sentences: Sequence[Sentence]) -> float:
    """0 to 1 by how rare the content words are in the language; 0 where nothing is known of them."""
    known = [
        token.zipf
        for sentence in sentences
        for token in sentence.tokens
        if not token.is_stop and token.zipf > 0
    ]
    if not known:
        return 0.0
    return _spread(-sum(known) / len(known), -_EVERYDAY_ZIPF, -_SPECIALIST_ZIPF)


def _spread(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
