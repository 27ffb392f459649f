"""How entries lie in Elasticsearch: the analysis of their text, the fields, and an entry as a document and back."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

from mesh.ports.index import Entry

# How much a match counts by the field it is in: chosen by retrieval on chapters with known answers.
BOOSTS = {"title": 0.5, "section": 0.3, "text": 1.0}
LONGEST_WORD = 59
LONGEST_SUGGESTED_TITLE = 100
_STORED = (
    "kind",
    "id",
    "owner_id",
    "document_id",
    "title",
    "text",
    "section",
    "page",
    "created_us",
    "sequence",
)
_KEYWORD = {"type": "keyword"}
_STEMMED = {"type": "text", "analyzer": "stemmed_english"}
_NUMBER = {"type": "long"}
# Tokens are runs of letters and digits of any script, as in the embedded index, with English endings cut off
# (Porter's second stemmer), so that both find the same.
_ANALYSIS = {
    "tokenizer": {"letters_and_digits": {"type": "pattern", "pattern": "[^\\p{IsAlphabetic}\\p{N}]+"}},
    "filter": {
        "not_too_long": {"type": "length", "max": LONGEST_WORD},
        "english_stems": {"type": "stemmer", "language": "porter2"},
    },
    "analyzer": {
        "stemmed_english": {
            "type": "custom",
            "tokenizer": "letters_and_digits",
            "filter": ["not_too_long", "lowercase", "asciifolding", "english_stems"],
        }
    },
}
MAPPINGS: Mapping[str, Any] = {
    "dynamic": "strict",
    # Both are made from the stored fields and cost more to keep than to make again.
    "_source": {"excludes": ["words", "whole_title"]},
    # All entries of an owner lie in one shard: a search asks one shard, whatever the size of the index.
    "_routing": {"required": True},
    "properties": {
        **dict.fromkeys(("kind", "id", "owner_id", "document_id", "whole_title"), _KEYWORD),
        **dict.fromkeys(BOOSTS, _STEMMED),
        # With offsets, highlights need not analyse texts again.
        "text": {**_STEMMED, "index_options": "offsets"},
        "words": {**_KEYWORD, "index": False},
        **dict.fromkeys(("page", "created_us", "sequence"), _NUMBER),
    },
}


def index_settings(shards: int) -> dict[str, Any]:
    """Settings of a new index. Copies follow the number of nodes; what is written shows when a change is whole."""
    return {
        "number_of_shards": shards,
        "auto_expand_replicas": "0-1",
        "refresh_interval": -1,
        "analysis": _ANALYSIS,
    }


def key(entry: Entry) -> str:
    """Id of an entry's document: the same each time, so that a repeated change overwrites."""
    parts = (entry.owner_id, entry.document_id, entry.kind, entry.id)
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def source(entry: Entry) -> dict[str, Any]:
    """The document of an entry."""
    fields = asdict(entry)
    fields["words"] = sorted(set(plain_words(f"{entry.title}\n{entry.text}")))
    if entry.kind != "PASSAGE" and len(entry.title) <= LONGEST_SUGGESTED_TITLE:
        fields["whole_title"] = folded_title(entry.title)
    return fields


def entry_of(fields: Mapping[str, Any]) -> Entry:
    """The entry of a document."""
    return Entry(**{name: fields[name] for name in _STORED})


def folded_title(title: str) -> str:
    """A title as it is suggested: small letters, single spaces."""
    return " ".join(title.casefold().split())


def plain_words(text: str) -> list[str]:
    """Words without accents, in small letters, with their endings: what typing errors are mended to."""
    words = re.findall(r"[^\W_]+", _without_accents(text.lower()))
    return [word for word in words if len(word) <= LONGEST_WORD]


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
