"""What is asked of Elasticsearch: queries in its language that find and score as the embedded index does."""

from collections.abc import Sequence
from typing import Any

from mesh.ports.index import IndexQuery, Replacement
from mesh.ports.index_elasticsearch_mapping import BOOSTS, plain_words
from mesh.ports.index_ranking import SATURATION, WINDOW
from mesh.ports.index_words import Words, weight

HIGHLIGHT_CHARACTERS = 220
MOST_COUNTED = 1000
# Elasticsearch's own bound on offset and limit together.
MOST_RANKED = 10_000
MOST_SPELLINGS = 2000
MOST_TITLES = 200
_KINDS = {"by_kind": {"terms": {"field": "kind", "size": 20}}}
# Lucene leaves the factor k1 + 1 out of BM25, as it does not change its own order; the last step of ranking adds to
# scores and needs them on the scale of the formula.
_SCALE = SATURATION + 1
_TEXTS = [f"{name}^{boost}" for name, boost in BOOSTS.items()]

Query = dict[str, Any]


def search_body(query: IndexQuery, words: Words) -> Query:
    """The best entries and how many there are of each kind. Kinds narrow the hits only, not the counts."""
    body: Query = {
        "query": {"bool": {"must": [wanted(words, query.minimum_match_percent)], "filter": within(query)}},
        "aggs": _KINDS,
        "size": min(MOST_RANKED, max(WINDOW, query.offset + query.limit)),
        "track_total_hits": MOST_COUNTED,
    }
    if query.kinds:
        body["post_filter"] = {"terms": {"kind": list(query.kinds)}}
    return body


def highlights_body(query: IndexQuery, words: Words, keys: Sequence[str]) -> Query:
    """For the entries that are shown: the part of the text that answers best, other markup escaped."""
    field = {"fragment_size": HIGHLIGHT_CHARACTERS, "number_of_fragments": 1, "order": "score"}
    return {
        "query": {"bool": {"filter": [{"ids": {"values": list(keys)}}, *within(query)]}},
        "highlight": {
            "type": "unified",
            "encoder": "html",
            "pre_tags": ["<em>"],
            "post_tags": ["</em>"],
            "highlight_query": wanted(words, 0),
            "fields": {"text": field},
        },
        "_source": False,
        "size": len(keys),
        "track_total_hits": False,
    }


def wanted(words: Words, percent: int) -> Query:
    """Every phrase must be there, and of the words that share, at least one: more and rarer ones score higher."""
    must = [_phrase(phrase) for phrase in words.phrases]
    if not words.single:
        return {"bool": {"must": must}} if must else {"match_none": {}}
    least = max(1, -(-len(words.single) * percent // 100))
    either = {"bool": {"should": [_word(word) for word in words.single], "minimum_should_match": least}}
    return {"bool": {"must": must, "should": [either]}} if must else either


def within(query: IndexQuery) -> list[Query]:
    """What holds of every hit: its owner, and what the query narrows to."""
    parts: list[Query] = [{"term": {"owner_id": query.owner_id}}]
    if query.document_ids:
        parts.append({"terms": {"document_id": list(query.document_ids)}})
    if query.created_after_us:
        parts.append({"range": {"created_us": {"gt": query.created_after_us}}})
    return parts


def known_body(owner_id: str, words: Sequence[str]) -> Query:
    """How many of an owner's entries have each word, whatever its ending; buckets in the order of the words."""
    return {
        "query": {"term": {"owner_id": owner_id}},
        "aggs": {"known": {"filters": {"filters": [_word(word) for word in words]}}},
        "size": 0,
    }


def spellings_body(owner_id: str, words: Sequence[str]) -> Query:
    """Words of an owner that begin as each of these does and are about as long; one aggregation a word."""
    return {
        "query": {"term": {"owner_id": owner_id}},
        "aggs": {word: {"terms": _alike(word)} for word in words},
        "size": 0,
    }


def titles_body(owner_id: str, prefix: str) -> Query:
    """An owner's titles that begin so, the most frequent first."""
    narrowed = [{"term": {"owner_id": owner_id}}, {"prefix": {"whole_title": {"value": prefix}}}]
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


def _phrase(phrase: str) -> Query:
    if len(plain_words(phrase)) == 1:
        return _word(phrase)
    return {"multi_match": {"query": phrase, "fields": _TEXTS, "type": "phrase", "boost": _SCALE}}


def _word(word: str) -> Query:
    return {
        "multi_match": {
            "query": word,
            "fields": _TEXTS,
            "type": "most_fields",
            "boost": _SCALE * weight(word),
        }
    }


def _alike(word: str) -> Query:
    first = "".join(plain_words(word))[:1]
    return {
        "field": "words",
        "include": f"{first}.{{{len(word) - 3},{len(word) + 1}}}" if first else "",
        "size": MOST_SPELLINGS,
    }
