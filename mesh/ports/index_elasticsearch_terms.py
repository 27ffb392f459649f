"""The terms that Elasticsearch makes of words and phrases, and how rare each is where a query looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from mesh.ports.index_elasticsearch_mapping import BOOSTS

Named = tuple[str, str]


@dataclass(frozen=True)
class Terms:
    """What became of some texts: the terms of each, and how many documents of the shard have a term in a field."""

    of: Mapping[str, Sequence[str]]
    having: Mapping[Named, int]
    sizes: Mapping[str, int]

    @property
    def named(self) -> list[Named]:
        """Each term in each field that has it."""
        return list(self.having)


@dataclass(frozen=True)
class Rarity:
    """What scores are multiplied by so that rarity is that among the entries searched, as in the embedded index.

    The engine counts every owner's entries, of every kind and document. What is rare among those need not be so where
    the query looks, and one owner's ranking would depend on what others keep.
    """

    terms: Terms
    size: int
    counts: Mapping[Named, int]

    def factor(self, field: str, terms: Sequence[str]) -> float:
        """For a term, or a phrase of several, in a field; 1 for terms that the field lacks."""
        here = everywhere = 0.0
        for named in ((field, term) for term in terms):
            having = self.terms.having.get(named, 0)
            here += _inverse(self.size, self.counts.get(named, 0))
            everywhere += _inverse(self.terms.sizes.get(field, 0), having)
        return here / everywhere if everywhere > 0 else 1.0


def _inverse(size: int, having: int) -> float:
    """Inverse document frequency as in BM25; entries that were removed may still be among `having`."""
    return log(1 + (max(size, having) - having + 0.5) / (having + 0.5))


def terms_body(texts: Sequence[str]) -> dict[str, Any]:
    """Asks for the terms of a document that is not kept, with their statistics in the shard."""
    joined = "\n".join(texts)
    return {
        "doc": dict.fromkeys(BOOSTS, joined),
        "fields": list(BOOSTS),
        "term_statistics": True,
        "field_statistics": True,
        "positions": True,
        "offsets": True,
    }


def read_terms(texts: Sequence[str], vectors: Mapping[str, Any]) -> Terms:
    """Reads the answer to `terms_body`. Terms are told apart by where they stand in the texts."""
    having, places = {}, {}
    for field, vector in vectors.items():
        for term, found in vector["terms"].items():
            if "doc_freq" in found:
                having[field, term] = int(found["doc_freq"])
            places.update({token["start_offset"]: term for token in found["tokens"]})
    sizes = {field: max(0, vector["field_statistics"]["doc_count"]) for field, vector in vectors.items()}
    return Terms(_by_text(texts, places), having, sizes)


def _by_text(texts: Sequence[str], places: Mapping[int, str]) -> dict[str, list[str]]:
    by_text, first = {}, 0
    for text in texts:
        past = first + _java_length(text)
        by_text[text] = [places[place] for place in sorted(places) if first <= place < past]
        first = past + 1
    return by_text


def _java_length(text: str) -> int:
    """Offsets count units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2
