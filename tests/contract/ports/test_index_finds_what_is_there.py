"""The index contract: stemmed words, phrases, typing errors, owners kept apart, changes whole and repeatable."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from mesh.ports.index import Entry, Index, IndexQuery, Replacement
from mesh.ports.index_elasticsearch import ElasticsearchIndex
from mesh.ports.index_tantivy import TantivyIndex
from tests.elasticsearch.node import Elasticsearch

TEXTS = [
    "Red blood cells carry <oxygen> to the tissues.",
    "White blood cells fight infections of the body.",
    "The hemoglobin molecule binds oxygen in the lungs.",
]


def passages(owner: str = "me", document: str = "d1", texts: list[str] = TEXTS) -> list[Entry]:
    return [
        Entry(
            "PASSAGE",
            f"{document}-{number}",
            owner,
            document,
            "Blood",
            text,
            "The body",
            number + 1,
            7,
            number,
        )
        for number, text in enumerate(texts)
    ]


@pytest.fixture(params=["tantivy in memory", "tantivy in a folder", "elasticsearch"])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Index]:
    made: Index
    if request.param == "elasticsearch":
        node: Elasticsearch = request.getfixturevalue("elasticsearch")
        made = ElasticsearchIndex(node.url, alias=f"test-{uuid4().hex}")
    else:
        made = TantivyIndex(None if request.param == "tantivy in memory" else tmp_path)
    await made.replace(Replacement(["PASSAGE"], "d1", entries=passages()))
    yield made
    await made.close()


async def ids(index: Index, words: str, owner: str = "me", **query: object) -> list[str]:
    found = await index.search(IndexQuery(owner, words, **query))  # type: ignore[arg-type]
    return [hit.entry.id for hit in found.hits]


async def test_words_are_found_whatever_their_ending(index: Index) -> None:
    assert await ids(index, "infection fighting") == ["d1-1"]


async def test_a_phrase_is_found_only_as_it_stands(index: Index) -> None:
    assert await ids(index, '"white blood cells"') == ["d1-1"]
    assert await ids(index, '"cells blood"') == []


async def test_what_matches_more_comes_first(index: Index) -> None:
    assert (await ids(index, "What carries oxygen?"))[0] == "d1-0"


async def test_a_share_of_the_words_can_be_asked_for(index: Index) -> None:
    assert len(await ids(index, "oxygen infections trade")) == 3
    assert await ids(index, "oxygen lungs trade", minimum_match_percent=60) == ["d1-2"]


async def test_a_typing_error_is_mended_and_said(index: Index) -> None:
    found = await index.search(IndexQuery("me", "haemoglobin oxigen"))
    assert found.corrected == "hemoglobin oxygen"
    assert found.hits[0].entry.id == "d1-2"


async def test_owners_find_only_their_own(index: Index) -> None:
    await index.replace(Replacement(["PASSAGE"], "d2", entries=passages("you", "d2", ["Oxygen is mine."])))
    assert await ids(index, "oxygen", owner="you") == ["d2-0"]
    assert "d2-0" not in await ids(index, "oxygen")


async def test_a_repeated_change_leaves_the_index_as_it_is(index: Index) -> None:
    before = await index.search(IndexQuery("me", "blood"))
    await index.replace(Replacement(["PASSAGE"], "d1", entries=passages()))
    assert (await index.search(IndexQuery("me", "blood"))).total == before.total


async def test_what_left_is_never_found(index: Index) -> None:
    await index.replace(Replacement(["PASSAGE"], "d1"))
    assert await ids(index, "oxygen") == []


async def test_one_thing_is_replaced_without_the_others(index: Index) -> None:
    quiz = Entry("QUIZ", "q1", "me", "d1", "Quiz: Blood", "What carries oxygen?")
    await index.replace(Replacement(["QUIZ"], ids=["q1"], entries=[quiz]))
    await index.replace(Replacement(["QUIZ"], ids=["q1"]))
    assert len(await ids(index, "blood")) == 3


async def test_kinds_are_counted_before_they_narrow(index: Index) -> None:
    concept = Entry("CONCEPT", "c1", "me", "d1", "Oxygen", "A gas.")
    await index.replace(Replacement(["CONCEPT"], "d1", entries=[concept]))
    found = await index.search(IndexQuery("me", "oxygen", kinds=["CONCEPT"]))
    assert [hit.entry.id for hit in found.hits] == ["c1"]
    assert dict(found.by_kind) == {"CONCEPT": 1, "PASSAGE": 2}


async def test_highlights_mark_words_and_escape_the_rest(index: Index) -> None:
    found = await index.search(IndexQuery("me", "oxygen tissues"))
    [highlight] = found.hits[0].highlights
    assert highlight.rstrip(".") == "Red blood cells carry &lt;<em>oxygen</em>&gt; to the <em>tissues</em>"


async def test_titles_are_suggested_to_their_owner(index: Index) -> None:
    concept = Entry("CONCEPT", "c1", "me", "d1", "Hemoglobin", "A protein.")
    await index.replace(Replacement(["CONCEPT"], "d1", entries=[concept]))
    assert await index.suggest("me", "Hemo", 5) == ["hemoglobin"]
    assert await index.suggest("you", "Hemo", 5) == []


@pytest.mark.parametrize(
    "words", ["", "the", '"', '""', "(((", "a AND OR NOT", "\x00", "日本語", "*", "field:value", "-"]
)
async def test_any_query_is_answered(index: Index, words: str) -> None:
    assert isinstance(await ids(index, words), list)


async def test_a_folder_keeps_its_entries(tmp_path: Path) -> None:
    first = TantivyIndex(tmp_path)
    await first.replace(Replacement(["PASSAGE"], "d1", entries=passages()))
    await first.close()
    second = TantivyIndex(tmp_path)
    assert len(await ids(second, "blood")) == 3
    await second.close()


async def test_all_that_is_there_is_listed_by_owner_and_document(index: Index) -> None:
    await index.replace(Replacement(["PASSAGE"], "d2", entries=passages(document="d2")))
    await index.replace(Replacement(["PASSAGE"], "d3", entries=passages("you", "d3")))
    video = Entry("VIDEO", "v1", "me", "", "Blood", "Red cells", "health", 0, 7)
    await index.replace(Replacement(["VIDEO"], ids=["v1"], entries=[video]))
    assert sorted(await index.owners()) == ["me", "you"]
    assert sorted(await index.documents("me")) == ["", "d1", "d2"]
    assert await index.documents("nobody") == []
    listed = await index.entries("me", "d2")
    assert sorted(listed, key=lambda entry: entry.id) == passages(document="d2")
    assert await index.entries("me", "") == [video]
    assert await index.entries("you", "d2") == []


async def test_what_left_the_index_is_not_listed(index: Index) -> None:
    await index.replace(Replacement(["PASSAGE"], "d1"))
    assert await index.owners() == []
    assert await index.documents("me") == []
    assert await index.entries("me", "d1") == []
