"""Finds what a model quotes in the passages it was shown, and cites the place itself: a model's own word for a place is
never taken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mootion.document.v1.document_pb2 import Citation, Passage

from mesh.citations import page_at

FEWEST_CHARACTERS = 8
_LOOKALIKES = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "\u00ad": None}
)


@dataclass(frozen=True)
class _Folded:
    """A text without differences that models make when they copy, and where each character stood."""

    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> "_Folded":
        kept: list[tuple[str, int]] = []
        for place, character in enumerate(text):
            folded = character.translate(_LOOKALIKES)
            if character.isspace():
                folded = "" if not kept or kept[-1][0] == " " else " "
            kept.extend((piece, place) for piece in folded)
        return cls("".join(piece for piece, _ in kept), tuple(place for _, place in kept))


class Quotes:
    """The passages of a document, ready to be searched for quotes.

    A quote counts when a passage holds it, apart from line breaks, runs of spaces and the shape of quotation marks and
    dashes. What is cited is always the passage's own characters.
    """

    def __init__(self, passages: Iterable[Passage]) -> None:
        unique = {passage.passage_id or str(number): passage for number, passage in enumerate(passages)}
        self._passages: Sequence[Passage] = list(unique.values())
        self._folded = [_Folded.of(passage.text) for passage in self._passages]

    def find(self, quote: str, fewest_characters: int = FEWEST_CHARACTERS) -> Citation | None:
        """The first place that says this, or None where no passage does or the quote is too short to prove anything."""
        wanted = _Folded.of(quote).text.strip().strip('"').strip()
        if len(wanted) < fewest_characters:
            return None
        for passage, folded in zip(self._passages, self._folded, strict=True):
            start = folded.text.find(wanted)
            if start >= 0:
                return cite(passage, folded.places[start], folded.places[start + len(wanted) - 1] + 1)
        return None

    def between(self, first_words: str, last_words: str) -> Citation | None:
        """The span of one passage from the first words to the next end of the last words after them."""
        first, last = (_Folded.of(words).text.strip() for words in (first_words, last_words))
        if not first or not last:
            return None
        for passage, folded in zip(self._passages, self._folded, strict=True):
            start = folded.text.find(first)
            end = folded.text.find(last, start) if start >= 0 else -1
            if end >= 0:
                stop = max(end + len(last), start + len(first))
                return cite(passage, folded.places[start], folded.places[stop - 1] + 1)
        return None


def cite(passage: Passage, start: int, end: int) -> Citation:
    """The verbatim quote of characters `start` to `end` of a passage's text."""
    return Citation(
        document_id=passage.document_id,
        passage_id=passage.passage_id,
        page=page_at(passage, start),
        start_char=start,
        end_char=end,
        quote=passage.text[start:end],
    )
