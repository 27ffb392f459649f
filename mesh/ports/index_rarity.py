"""How rare a word is among the entries that a query searches, in place of all that the index holds."""

from collections.abc import Sequence
from functools import cached_property
from math import log

import tantivy

Named = tuple[str, str]


class Rarity:
    """What scores of the engine are multiplied by so that rarity is that among the entries searched.

    The engine counts every owner's entries, of every kind and document. What is rare among those need not be so where
    the query looks, and one owner's ranking would depend on what others keep.
    """

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema, scope: tantivy.Query) -> None:
        self._searcher = searcher
        self._schema = schema
        self._scope = scope
        self._counts: dict[Named, int] = {}

    @cached_property
    def _size(self) -> int:
        return self._count(self._scope)

    def factor(self, field: str, stems: Sequence[str]) -> float:
        """For a word, or a phrase of several, in a field. 1 where the entries searched are all there are."""
        if self._size >= self._searcher.num_docs:
            return 1.0
        here = sum(_inverse(self._size, self._within(field, stem)) for stem in stems)
        everywhere = sum(
            _inverse(self._searcher.num_docs, self._searcher.doc_freq(field, stem)) for stem in stems
        )
        return here / everywhere

    def _within(self, field: str, stem: str) -> int:
        if (field, stem) not in self._counts:
            word = tantivy.Query.term_query(self._schema, field, stem, index_option="basic")
            both = [(tantivy.Occur.Must, query) for query in (word, self._scope)]
            self._counts[field, stem] = self._count(tantivy.Query.boolean_query(both))
        return self._counts[field, stem]

    def _count(self, query: tantivy.Query) -> int:
        return int(self._searcher.search(query, limit=1).count)  # type: ignore[attr-defined]


def _inverse(size: int, having: int) -> float:
    """Inverse document frequency as in the engine's BM25; entries that were removed may still be among `having`."""
    return log(1 + (max(size, having) - having + 0.5) / (having + 0.5))
