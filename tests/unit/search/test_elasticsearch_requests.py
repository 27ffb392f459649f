"""What is sent to Elasticsearch and made of its answers, as far as that can be told without one."""

import socket
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.ports.failures import StorageFull, StorageUnavailable
from mesh.ports.index import Entry, IndexQuery, Replacement
from mesh.ports.index_elasticsearch import ElasticsearchIndex
from mesh.ports.index_elasticsearch_failures import failure_of
from mesh.ports.index_elasticsearch_mapping import entry_of, folded_title, key, plain_words, source
from mesh.ports.index_elasticsearch_query import (
    Wanted,
    counts_body,
    highlights_body,
    owned_by,
    search_body,
    spellings_body,
    titles_body,
    within,
)
from mesh.ports.index_elasticsearch_terms import Rarity, Terms, read_terms, terms_body
from mesh.ports.index_words import Words

texts = st.text(max_size=40)
entries = st.builds(Entry, texts, texts, texts, texts, texts, texts, texts)


@given(entries)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    assert entry_of(source(entry)) == entry


@given(entries, entries)
def test_entries_share_a_document_only_if_they_are_the_same_thing(one: Entry, other: Entry) -> None:
    same = [(each.owner_id, each.document_id, each.kind, each.id) for each in (one, other)]
    assert (key(one) == key(other)) == (same[0] == same[1])


def test_words_are_kept_without_accents_capitals_and_signs() -> None:
    assert plain_words("Hémoglobin_carries O2, don't!") == ["hemoglobin", "carries", "o2", "don", "t"]


def test_a_passage_is_no_suggestion() -> None:
    assert "whole_title" not in source(Entry("PASSAGE", "1", "me", "d", "Blood  Cells", ""))
    assert source(Entry("CONCEPT", "1", "me", "d", "Blood  Cells", ""))["whole_title"] == "blood cells"
    assert folded_title(" Blood  c") == "blood c"


QUERY = IndexQuery("me", "blood", kinds=["QUIZ"], document_ids=["d"], created_after_us=5)
WANTED = Wanted(
    Words(["red cell"], ["blood"]),
    Rarity(
        Terms({"red cell": ["red", "cell"], "blood": ["blood"]}, {("text", "blood"): 4}, {"text": 9}), 3, {}
    ),
)


@pytest.mark.parametrize(
    "body",
    [
        search_body(QUERY, WANTED.query(0)),
        highlights_body(QUERY, WANTED.query(0), ["k"]),
        counts_body(within(QUERY), [("text", "blood")]),
        spellings_body("me", ["blood"]),
        titles_body("me", "blo"),
    ],
)
def test_every_question_is_about_one_owner(body: Mapping[str, Any]) -> None:
    assert owned_by("me") in body["query"]["bool"]["filter"]


def test_a_word_without_terms_matches_nothing_instead_of_everything() -> None:
    wanted = Wanted(Words([], ["___"]), Rarity(Terms({"___": []}, {}, {}), 3, {}))
    assert wanted.query(0)["bool"]["should"] == [{"match_none": {}}]


def test_terms_are_told_apart_by_where_they_stand_in_units_of_utf_16() -> None:
    joined = terms_body(["𝄞 notes", "Hearts"])["doc"]["text"]
    assert joined == "𝄞 notes\nHearts"
    tokens = {
        "note": {"doc_freq": 2, "tokens": [{"start_offset": 3, "end_offset": 8}]},
        "heart": {"tokens": [{"start_offset": 9, "end_offset": 15}]},
    }
    read = read_terms(
        ["𝄞 notes", "Hearts"], {"text": {"terms": tokens, "field_statistics": {"doc_count": 7}}}
    )
    assert read.of == {"𝄞 notes": ["note"], "Hearts": ["heart"]}
    assert (read.having, read.sizes) == ({("text", "note"): 2}, {"text": 7})


def test_rarity_is_that_of_the_entries_searched() -> None:
    terms = Terms({"blood": ["blood"]}, {("text", "blood"): 50}, {"text": 100})
    assert Rarity(terms, 100, {("text", "blood"): 50}).factor("text", ["blood"]) == pytest.approx(1.0)
    assert Rarity(terms, 10, {("text", "blood"): 1}).factor("text", ["blood"]) > 1
    assert Rarity(terms, 10, {("text", "blood"): 10}).factor("text", ["blood"]) < 1


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (429, "es_rejected_execution_exception", StorageUnavailable),
        (503, "no_shard_available_action_exception", StorageUnavailable),
        (403, "cluster_block_exception: index [m] blocked by: [FORBIDDEN/8/index write]", StorageUnavailable),
        (404, "index_not_found_exception", StorageUnavailable),
        (
            429,
            "cluster_block_exception: disk usage exceeded flood-stage watermark, read-only-allow-delete",
            StorageFull,
        ),
        (400, "parsing_exception", type(None)),
        (401, "security_exception", type(None)),
    ],
)
def test_failures_say_whether_a_repeat_may_help(status: int, text: str, kind: type) -> None:
    assert type(failure_of(status, text)) is kind


async def test_an_engine_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        index = ElasticsearchIndex(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await index.search(IndexQuery("me", "blood"))
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await index.replace(Replacement(["PASSAGE"], "d1"))
        await index.close()
