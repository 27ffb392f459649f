"""Acronyms and the names they stand for: `packed cell volume (PCV)`.

The algorithm of Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in
biomedical text" (2003), over tokens: the letters of the short form are matched from the right in the words
before the bracket.
"""

from collections.abc import Mapping, Sequence

from services.llm.extractive.analysis import Analysis
from services.llm.extractive.phrases import is_phrase_word, key_of
from services.llm.extractive.tokens import Token


def acronyms_of(analysis: Analysis) -> Mapping[str, str]:
    """The key of the full name for the key of every acronym, where the text sets one in brackets behind it."""
    found: dict[str, str] = {}
    for sentence in analysis.sentences:
        tokens = sentence.tokens
        for i in range(1, len(tokens) - 2):
            if tokens[i].surface != "(" or tokens[i + 2].surface != ")":
                continue
            first = _full_form(tokens, i, tokens[i + 1].surface)
            if first is not None:
                found.setdefault(key_of(tokens[i + 1 : i + 2]), _full_key(tokens, first, i))
    return found


def _full_key(tokens: Sequence[Token], first: int, bracket: int) -> str:
    """The key of the full form; of `natural killer (NK) cells`, with the word behind the bracket."""
    behind = bracket + 3
    goes_on = behind < len(tokens) and tokens[behind].tag == "NOUN" and tokens[bracket - 1].tag != "MARK"
    last = tokens[behind : behind + 1] if goes_on else ()
    return key_of((*tokens[first:bracket], *last))


def _full_form(tokens: Sequence[Token], bracket: int, short: str) -> int | None:
    """The first token of the full form that ends before `bracket`; None where the letters do not fit."""
    letters = [letter.lower() for letter in short.removesuffix("s") if letter.isalnum()]
    if not short.isalnum() or not 2 <= len(letters) <= 8 or sum(letter.isupper() for letter in short) < 2:
        return None
    first = bracket
    reach = min(len(letters) + 5, 2 * len(letters))
    while first > 0 and bracket - first < reach and _continues(tokens[first - 1]):
        first -= 1
        if _fits(letters, tokens[first:bracket]):
            return first
    return None


def _continues(token: Token) -> bool:
    return is_phrase_word(token) or token.lower in ("of", "the", "and", "for")


def _fits(letters: Sequence[str], words: Sequence[Token]) -> bool:
    """Whether the letters occur in order in the words, the first of them at the start of the first word."""
    text = " ".join(word.lower for word in words)
    if not text.startswith(letters[0]):
        return False
    position = len(text)
    for letter in reversed(letters[1:]):
        position = text.rfind(letter, 1, position)
        if position < 1:
            return False
    return True
