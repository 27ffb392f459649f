"""What the contract of the index does not say of Elasticsearch: moves while in use, failures, and the same ranking."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from elasticsearch import AsyncElasticsearch

from bench.search import Language, documents, queries
from cli.reindex import ReindexFailed, reindex
from mesh.config import ConfigurationError, Settings
from mesh.ports.failures import StorageUnavailable
from mesh.ports.index import Entry, IndexQuery, Replacement
from mesh.ports.index_elasticsearch import ElasticsearchIndex
from mesh.ports.index_elasticsearch_bulk import Put, write
from mesh.ports.index_elasticsearch_mapping import key, source
from mesh.ports.index_tantivy import TantivyIndex
from mesh.ports.open_index import open_index
from tests.elasticsearch.node import Elasticsearch

OWNER = "me"


def change(document_id: str, texts: Sequence[str], owner: str = OWNER) -> Replacement:
    entries = [
        Entry("PASSAGE", f"{document_id}-{place}", owner, document_id, "Title", text, sequence=place)
        for place, text in enumerate(texts)
    ]
    return Replacement(["PASSAGE"], document_id, entries=entries)


async def found(index: ElasticsearchIndex, words: str) -> set[str]:
    return {hit.entry.id for hit in (await index.search(IndexQuery(OWNER, words, limit=100))).hits}


@pytest.fixture
def alias() -> str:
    return f"test-{uuid4().hex}"


@pytest.fixture
async def index(elasticsearch: Elasticsearch, alias: str) -> AsyncIterator[ElasticsearchIndex]:
    made = ElasticsearchIndex(elasticsearch.url, alias, shards=2)
    yield made
    await made.close()


@pytest.fixture
async def client(elasticsearch: Elasticsearch) -> AsyncIterator[AsyncElasticsearch]:
    async with AsyncElasticsearch(elasticsearch.url) as made:
        yield made


async def test_both_engines_find_the_same_with_the_same_scores(index: ElasticsearchIndex) -> None:
    chance = random.Random(11)
    language, embedded = Language(chance), TantivyIndex(None)
    samples: list[Entry] = []
    for entries in documents(language, chance, 700):
        samples += chance.sample(entries, 20)
        for engine in (index, embedded):
            await engine.replace(Replacement(["PASSAGE"], entries[0].document_id, entries=entries))
    asked = chance.sample(queries(language, chance, samples), 25)
    for _length, (owner, words) in asked:
        ours, theirs = [await engine.search(IndexQuery(owner, words)) for engine in (index, embedded)]
        assert (ours.total, dict(ours.by_kind)) == (theirs.total, dict(theirs.by_kind))
        assert ours.hits[0].score == pytest.approx(theirs.hits[0].score, rel=1e-3), words
    await embedded.close()


async def test_another_owner_changes_neither_scores_nor_spellings(index: ElasticsearchIndex) -> None:
    await index.replace(change("d1", ["oxygen in blood", "blood cells", "cells divide"]))
    before = await index.search(IndexQuery(OWNER, "oxigen blood"))
    await index.replace(change("d2", ["oxigen", "oxigen", "oxigen blood blood"], owner="you"))
    after = await index.search(IndexQuery(OWNER, "oxigen blood"))
    assert before.corrected == after.corrected == "oxygen blood"
    assert [hit.entry.id for hit in after.hits] == [hit.entry.id for hit in before.hits]


async def test_a_change_larger_than_one_request_is_there_as_a_whole(index: ElasticsearchIndex) -> None:
    await index.replace(change("d1", ["oxygen"] * 2500))
    await index.replace(change("d1", ["carbon"] * 1200))
    assert (await index.search(IndexQuery(OWNER, "oxygen"))).total == 0
    assert (await index.search(IndexQuery(OWNER, "carbon"))).by_kind == {"PASSAGE": 1000}


async def test_a_repeat_mends_a_change_that_broke_off(
    index: ElasticsearchIndex, client: AsyncElasticsearch, alias: str
) -> None:
    await index.replace(change("d1", ["oxygen"]))
    half = change("d1", ["carbon"] * 5).entries[2:4]
    await write(client, alias, [Put(key(entry), OWNER, source(entry)) for entry in half])
    assert await found(index, "carbon") == set()
    await index.replace(change("d1", ["nitrogen"]))
    assert await found(index, "carbon oxygen nitrogen") == {"d1-0"}


async def test_moving_keeps_every_entry_and_every_write_of_the_meantime(
    index: ElasticsearchIndex, client: AsyncElasticsearch, alias: str
) -> None:
    for number in range(30):
        await index.replace(change(f"d{number}", ["oxygen"] * 3))
    moving = asyncio.create_task(index.reindex(grace_seconds=0.5))
    searches, written = 0, 0
    while not moving.done():
        assert await found(index, "oxygen")
        searches += 1
        await insisting(index, change(f"new{written}", ["carbon"]))
        await insisting(index, change(f"d{written}", []))
        written += 1
    assert await moving == f"{alias}-2"
    assert searches > 1
    assert await found(index, "carbon") == {f"new{number}-0" for number in range(written)}
    gone = {f"d{number}" for number in range(written)}
    left = {f"d{number}-{place}" for number in range(30) for place in range(3) if f"d{number}" not in gone}
    assert await found(index, "oxygen") == left
    assert list(await client.indices.get(index=f"{alias}-*")) == [f"{alias}-2"]


async def test_a_move_can_change_the_number_of_shards(
    index: ElasticsearchIndex, client: AsyncElasticsearch, alias: str
) -> None:
    for number in range(6):
        await index.replace(change(f"d{number}", ["oxygen"], owner=f"owner {number}"))
    await index.reindex(shards=3, grace_seconds=0)
    settings = (await client.indices.get_settings(index=f"{alias}-2"))[f"{alias}-2"]
    assert settings["settings"]["index"]["number_of_shards"] == "3"
    await index.replace(change("d1", [], owner="owner 1"))
    for number in range(6):
        result = await index.search(IndexQuery(f"owner {number}", "oxygen"))
        assert [hit.entry.document_id for hit in result.hits] == ([] if number == 1 else [f"d{number}"])


async def insisting(index: ElasticsearchIndex, wanted: Replacement) -> None:
    """Repeats a change that is refused, as whoever delivers events does."""
    while True:
        try:
            return await index.replace(wanted)
        except StorageUnavailable:
            await asyncio.sleep(0.05)


async def test_what_was_deleted_during_a_move_stays_deleted(
    index: ElasticsearchIndex, client: AsyncElasticsearch, alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await index.replace(change("d1", ["oxygen", "carbon"]))
    await index.replace(change("d2", ["oxygen"]))
    block = type(client.indices).add_block

    async def later(self: object, **options: object) -> object:
        await index.replace(change("d1", ["nitrogen"]))
        return await block(self, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(type(client.indices), "add_block", later)
    await index.reindex(grace_seconds=0)
    assert await found(index, "oxygen carbon nitrogen") == {"d1-0", "d2-0"}
    assert await found(index, "nitrogen") == {"d1-0"}


async def test_a_move_that_breaks_off_leaves_the_index_in_use_and_can_be_repeated(
    index: ElasticsearchIndex, client: AsyncElasticsearch, alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await index.replace(change("d1", ["oxygen"]))

    async def broken(self: object, **options: object) -> object:
        raise OSError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(type(client.indices), "update_aliases", broken)
        with pytest.raises(OSError, match="gone"):
            await index.reindex(grace_seconds=0)
    await index.replace(change("d2", ["oxygen"]))
    assert await found(index, "oxygen") == {"d1-0", "d2-0"}
    await index.reindex(grace_seconds=0)
    assert await found(index, "oxygen") == {"d1-0", "d2-0"}
    assert list(await client.indices.get(index=f"{alias}-*")) == [f"{alias}-2"]


async def test_two_processes_that_start_together_make_one_index(
    elasticsearch: Elasticsearch, alias: str
) -> None:
    made = [ElasticsearchIndex(elasticsearch.url, alias) for _ in range(4)]
    await asyncio.gather(*(each.replace(change(f"d{n}", ["oxygen"])) for n, each in enumerate(made)))
    assert await found(made[0], "oxygen") == {"d0-0", "d1-0", "d2-0", "d3-0"}
    for each in made:
        await each.close()


async def test_what_was_written_is_there_after_the_node_was_killed(
    elasticsearch: Elasticsearch, index: ElasticsearchIndex
) -> None:
    await index.replace(change("d1", ["oxygen"]))
    elasticsearch.kill()
    try:
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await index.search(IndexQuery(OWNER, "oxygen"))
        with pytest.raises(StorageUnavailable):
            await index.replace(change("d2", ["oxygen"]))
    finally:
        elasticsearch.start()
    await insisting(index, change("d2", ["oxygen"]))
    assert await found(index, "oxygen") == {"d1-0", "d2-0"}


def test_the_command_moves_the_index(
    elasticsearch: Elasticsearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ElasticsearchIndex.reindex, "__defaults__", (None, 0.0))
    settings = Settings(data_dir=tmp_path, elasticsearch_url=elasticsearch.url)
    one, other = (int(reindex(settings, None).removeprefix("mootion-")) for _ in range(2))
    assert other == one + 1


def test_the_command_says_that_there_is_nothing_to_move(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ELASTICSEARCH_URL"):
        reindex(Settings(data_dir=tmp_path), None)


def test_the_command_says_that_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(ReindexFailed, match="does not answer"):
        reindex(Settings(data_dir=tmp_path, elasticsearch_url="http://127.0.0.1:1"), None)


def test_the_variable_chooses_the_engine(tmp_path: Path) -> None:
    chosen = open_index(Settings(data_dir=tmp_path, elasticsearch_url="http://127.0.0.1:9200"))
    assert isinstance(chosen, ElasticsearchIndex)


def test_ranking_by_meaning_is_refused_with_this_engine(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ELASTICSEARCH_URL"):
        open_index(Settings(data_dir=tmp_path, elasticsearch_url="http://127.0.0.1:9200", semantic=True))
