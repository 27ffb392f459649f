"""What is asked of Elasticsearch: queries in its language that find and score as the embedded index does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh.ports.index import IndexQuery, Replacement
from mesh.ports.index_elasticsearch_mapping import BOOSTS, plain_words
from mesh.ports.index_elasticsearch_terms import Named, Rarity
from mesh.ports.index_ranking import WINDOW
from mesh.ports.index_words import Words, weight

HIGHLIGHT_CHARACTERS = 220
MOST_COUNTED = 1000
# Elasticsearch's own bound on offset and limit together.
MOST_RANKED = 10_000
MOST_SPELLINGS = 2000
MOST_TITLES = 200
MOST_VALUES = 1000
_KINDS = {"by_kind": {"terms": {"field": "kind", "size": 20}}}

Query = dict[str, Any]
NOTHING: Query = {"match_none": {}}


@dataclass(frozen=True)
class Wanted:
    """What must be found, as the engine's own terms, each with what it counts."""

    words: Words
    rarity: Rarity

    def query(self, percent: int) -> Query:
        """Every phrase must be there, and of the words that share, at least one: more and rarer ones score higher."""
        must = [self._phrase(phrase) for phrase in self.words.phrases]
        if not self.words.single:
            return {"bool": {"must": must}} if must else NOTHING
        least = max(1, -(-len(self.words.single) * percent // 100))
        should = [self._word(word) for word in self.words.single]
        either = {"bool": {"should": should, "minimum_should_match": least}}
        return {"bool": {"must": must, "should": [either]}} if must else either

    def _word(self, word: str) -> Query:
        told = weight(word)
        return _any_of(
            [
                {"term": {field: {"value": term, "boost": boost * told * self.rarity.factor(field, [term])}}}
                for term in self.rarity.terms.of[word]
                for field, boost in BOOSTS.items()
            ]
        )

    def _phrase(self, phrase: str) -> Query:
        terms = self.rarity.terms.of[phrase]
        if len(terms) < 2:
            return self._word(phrase)
        return _any_of(
            [
                {
                    "match_phrase": {
                        field: {"query": phrase, "boost": boost * self.rarity.factor(field, terms)}
                    }
                }
                for field, boost in BOOSTS.items()
            ]
        )


def search_body(query: IndexQuery, wanted: Query) -> Query:
    """The best entries and how many there are of each kind. Kinds narrow the hits only, not the counts."""
    return {
        "query": {"bool": {"must": [wanted], "filter": within(query)}},
        "post_filter": {"bool": {"filter": of_kinds(query)}},
        "aggs": _KINDS,
        "size": min(MOST_RANKED, max(WINDOW, query.offset + query.limit)),
        "track_total_hits": MOST_COUNTED,
    }


def highlights_body(query: IndexQuery, wanted: Query, keys: Sequence[str]) -> Query:
    """For the entries that are shown: the part of the text that answers best, other markup escaped."""
    field = {"fragment_size": HIGHLIGHT_CHARACTERS, "number_of_fragments": 1, "order": "score"}
    return {
        "query": {"bool": {"filter": [{"ids": {"values": list(keys)}}, *within(query)]}},
        "highlight": {
            "type": "unified",
            "encoder": "html",
            "pre_tags": ["<em>"],
            "post_tags": ["</em>"],
            "highlight_query": wanted,
            "fields": {"text": field},
        },
        "_source": False,
        "size": len(keys),
        "track_total_hits": False,
    }


def owned_by(owner_id: str) -> Query:
    """Every query has this."""
    return {"term": {"owner_id": owner_id}}


def within(query: IndexQuery) -> list[Query]:
    """What holds of every hit: its owner, and what the query narrows to."""
    parts = [owned_by(query.owner_id)]
    if query.document_ids:
        parts.append({"terms": {"document_id": list(query.document_ids)}})
    if query.created_after_us:
        parts.append({"range": {"created_us": {"gt": query.created_after_us}}})
    return parts


def of_kinds(query: IndexQuery) -> list[Query]:
    """Narrows to the kinds that were asked for."""
    return [{"terms": {"kind": list(query.kinds)}}] if query.kinds else []


def counts_body(scope: Sequence[Query], named: Sequence[Named]) -> Query:
    """How many entries a scope has, and how many of them have each term in its field, in the order of the terms."""
    filters = [{"term": {field: term}} for field, term in named]
    return {
        "query": {"bool": {"filter": list(scope)}},
        "aggs": {"having": {"filters": {"filters": filters}}} if filters else {},
        "size": 0,
        "track_total_hits": True,
    }


def spellings_body(owner_id: str, words: Sequence[str]) -> Query:
    """Words of an owner that begin as each of these does and are about as long; one aggregation a word."""
    return {
        "query": {"bool": {"filter": [owned_by(owner_id)]}},
        "aggs": {word: {"terms": _alike(word)} for word in words},
        "size": 0,
    }


def titles_body(owner_id: str, prefix: str) -> Query:
    """An owner's titles that begin so, the most frequent first."""
    narrowed = [owned_by(owner_id), {"prefix": {"whole_title": {"value": prefix}}}]
    return {
        "query": {"bool": {"filter": narrowed}},
        "aggs": {"titles": {"terms": {"field": "whole_title", "size": MOST_TITLES}}},
        "size": 0,
    }


def leaving_query(change: Replacement) -> Query:
    """What a change takes out of the index."""
    parts: list[Query] = [{"terms": {"kind": list(change.kinds)}}]
    if change.document_id:
        parts.append({"term": {"document_id": change.document_id}})
    if change.ids:
        parts.append({"terms": {"id": list(change.ids)}})
    return {"bool": {"filter": parts}}


def of_document(owner_id: str, document_id: str) -> Query:
    """All of an owner's entries that belong to a document."""
    return {"bool": {"filter": [owned_by(owner_id), {"term": {"document_id": document_id}}]}}


def values_body(field: str, within: Query, after: Mapping[str, Any] | None) -> Query:
    """A page of the values that a field has, from behind one."""
    values: Query = {"size": MOST_VALUES, "sources": [{"value": {"terms": {"field": field}}}]}
    if after is not None:
        values["after"] = dict(after)
    return {"query": within, "aggs": {"values": {"composite": values}}, "size": 0}


def _any_of(queries: Sequence[Query]) -> Query:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}} if queries else NOTHING


def _alike(word: str) -> Query:
    first = "".join(plain_words(word))[:1]
    return {
        "field": "words",
        "include": f"{first}.{{{len(word) - 3},{len(word) + 1}}}" if first else "",
        "size": MOST_SPELLINGS,
    }
