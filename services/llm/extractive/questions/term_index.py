"""The terms of a document and where texts mention them."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.llm.extractive.analysis import SentenceReader
from services.llm.extractive.inflection import singular
from services.llm.extractive.language import Language
from services.llm.extractive.tokens import Token


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the document.

    `name` is as running text spells it. `keys` are the words of its name and of its other names, in the singular.
    `concept` is the name of the concept it came from, or its own.
    """

    name: str
    concept: str
    keys: tuple[tuple[str, ...], ...]
    importance: float
    depth: int
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention of a term: tokens `first` to before `last` of a sentence."""

    term: int
    first: int
    last: int


class TermIndex:
    """Terms by their names; a name is found in the singular and in the plural, in any spelling of capitals."""

    def __init__(self, language: Language) -> None:
        self.terms: list[Term] = []
        self._language = language
        self._reader = SentenceReader(language)
        self._by_first_word: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        self._by_key: dict[tuple[str, ...], int] = {}
        self._singulars: dict[str, str] = {}

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
                self._by_first_word.setdefault(key[0], []).append((key, position))
        return position

    def find(self, key: tuple[str, ...]) -> int | None:
        """Position of the term with these words in the singular."""
        return self._by_key.get(key)

    def tokens_of(self, text: str) -> tuple[Token, ...]:
        """Tagged tokens of `text`."""
        return self._reader.tokens(text)

    def key_of(self, text: str) -> tuple[str, ...]:
        """The words of `text` in lower case and in the singular: the same for `Ionic bonds` and `ionic bond`."""
        return tuple(self._form(t) for t in self._reader.tokens(text) if t.is_word or t.tag == "NUM")

    def mentions_in(self, tokens: Sequence[Token]) -> tuple[Mention, ...]:
        """The terms that `tokens` mention, the longest at each place, in order."""
        found = []
        i = 0
        while i < len(tokens):
            best = self._longest_at(tokens, i)
            if best is not None:
                found.append(best)
            i = best.last if best is not None else i + 1
        return tuple(found)

    def matches(self, tokens: Sequence[Token], i: int, key: tuple[str, ...]) -> bool:
        """Whether the words of `key` stand at position `i` of `tokens`, in any number."""
        return i + len(key) <= len(tokens) and all(
            self._form(tokens[i + n]) == word for n, word in enumerate(key)
        )

    def _longest_at(self, tokens: Sequence[Token], i: int) -> Mention | None:
        best: Mention | None = None
        for key, position in self._by_first_word.get(self._form(tokens[i]), ()):
            last = i + len(key)
            if (best is None or last > best.last) and self.matches(tokens, i, key):
                best = Mention(position, i, last)
        return best

    def _form(self, token: Token) -> str:
        form = self._singulars.get(token.lower)
        if form is None:
            form = singular(token.lower) if self._language.is_english else token.stem
            self._singulars[token.lower] = form
        return form
