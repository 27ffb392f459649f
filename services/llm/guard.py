"""Judges free text that a model wrote: it must come from the document, and nothing of the prompt may be in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import snowballstemmer

from services.llm.extractive.closed_classes import FUNCTION_WORDS

_WORD = re.compile(r"[^\W_]+(?:[-_'’][^\W_]+)*")
_ADDRESS = re.compile(r"(?:https?:|www\.|ftp:|mailto:|javascript:)[^\s)>\"]*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MEASURE = re.compile(r"\d+\D{1,3}")
# So many letters or digits one by one, such as `k - e - y`, spell something that would be a code in one word.
_SPELLED = re.compile(r"(?<![^\W_])(?:[^\W_][\W_]+){7,}[^\W_](?![^\W_])")
# So many words in a row that stand in the prompt and not in the document are a copy of the prompt.
COPIED_WORDS = 7
LONGEST_WORD = 28
SHORTEST_CONTENT_WORD = 4
# Words that say nothing of a document by themselves. Denial stands among adverbs elsewhere, most of which do.
_NO_CONTENT = FUNCTION_WORDS | {"not"}


def words_in(text: str) -> list[str]:
    """The words of a text in lower case; pairs of characters in writing without spaces."""
    words: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if _UNSPACED.search(word) and len(word) > 2:
            words.extend(word[i : i + 2] for i in range(len(word) - 1))
        else:
            words.append(word)
    return words


def stems_in(text: str, shortest: int = SHORTEST_CONTENT_WORD) -> set[str]:
    """The words that carry meaning, which are mostly the longer ones, without their endings. By the rules of English,
    which cut the same endings from a text and its source in any language."""
    return _stems({word for word in words_in(text) if len(word) >= shortest or _UNSPACED.search(word)})


def support(text: str, sources: Iterable[str]) -> float:
    """Share of the text's stems that the sources have, 0 to 1.

    Where it has short words only, such as `6 N`, it is the share of those that are no function words. It is 0 where the
    two have nothing but function words in common: a text without anything else, such as `It is.`, is never borne out.
    """
    content = _stems(set(words_in(text)) - _NO_CONTENT)
    known = set().union(*(stems_in(source, shortest=1) for source in sources))
    if not content & known:
        return 0.0
    stems = stems_in(text) or content
    return len(stems & known) / len(stems)


@dataclass(frozen=True)
class Guard:
    """Judges what a model wrote after it was told `prompt` and shown `document`."""

    prompt: str
    document: str

    def problem(self, text: str, longest: int) -> str | None:
        """What is wrong with a free text; None where nothing is."""
        if not text.strip():
            return "is empty"
        if len(text) > longest:
            return f"is longer than {longest} characters"
        if _CONTROL.search(text):
            return "has control characters"
        if any(address not in self.document for address in _ADDRESS.findall(text)):
            return "has an address that is not in the text"
        if self._foreign_codes(text):
            return "has a code that is not in the text"
        if self._spelled_codes(text):
            return "spells something out that is not in the text"
        if self._copies_prompt(text):
            return "repeats the instructions"
        return None

    def _foreign_codes(self, text: str) -> set[str]:
        """Words that no language has: mixed with digits or underscores, or endless, and not in the document."""
        return {word for word in words_in(text) if _is_code(word) and word not in self._document_words}

    def _spelled_codes(self, text: str) -> list[str]:
        """Codes letter by letter; letters alone may be a formula, and digits alone a list of numbers."""
        found = [spelled for spelled in _SPELLED.findall(text) if spelled not in self.document]
        return [spelled for spelled in found if _is_mixed("".join(words_in(spelled)))]

    def _copies_prompt(self, text: str) -> bool:
        runs = _runs(words_in(text))
        return any(run in self._prompt_runs and run not in self._document_runs for run in runs)

    @cached_property
    def _document_words(self) -> set[str]:
        return set(words_in(self.document))

    @cached_property
    def _prompt_runs(self) -> set[tuple[str, ...]]:
        return _runs(words_in(self.prompt))

    @cached_property
    def _document_runs(self) -> set[tuple[str, ...]]:
        return _runs(words_in(self.document))


def _stems(words: set[str]) -> set[str]:
    return set(snowballstemmer.stemmer("english").stemWords(sorted(words)))


def _is_code(word: str) -> bool:
    if "_" in word:
        return True
    return any(len(part) > LONGEST_WORD or _is_mixed(part) for part in re.split(r"[-'’]", word))


def _is_mixed(word: str) -> bool:
    """Letters among digits, other than a number with its unit or ending such as `10cm` or `19th`."""
    digits = sum(character.isdigit() for character in word)
    return digits > 1 and not word.isdigit() and not _MEASURE.fullmatch(word)


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + COPIED_WORDS]) for i in range(len(words) - COPIED_WORDS + 1)}
