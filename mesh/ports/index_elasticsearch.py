"""The index on Elasticsearch, for any number of processes."""

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import AsyncElasticsearch, BadRequestError
from elasticsearch.helpers import async_scan

from mesh.keyed_lock import KeyedLock
from mesh.ports import index_elasticsearch_query as asking
from mesh.ports.failures import StorageUnavailable
from mesh.ports.index import Entry, IndexHit, IndexQuery, IndexResult, Replacement
from mesh.ports.index_elasticsearch_bulk import Put, Remove, write
from mesh.ports.index_elasticsearch_failures import typed_index_errors
from mesh.ports.index_elasticsearch_mapping import (
    MAPPINGS,
    entry_of,
    folded_title,
    index_settings,
    key,
    source,
)
from mesh.ports.index_elasticsearch_moving import Moving
from mesh.ports.index_elasticsearch_terms import Rarity, Terms, read_terms, terms_body
from mesh.ports.index_ranking import rerank
from mesh.ports.index_words import SHORTEST_MENDED, Words, corrected_words, parse_words

ALIAS = "mootion"
SEARCH_SECONDS = 10.0
WRITE_SECONDS = 60.0
CONNECTIONS = 50
# A query is mended in so many words at most; each takes a look at the owner's words.
MOST_MENDED = 20

Found = Mapping[str, Any]


class ElasticsearchIndex:
    """Entries in an index `mootion-<n>` behind the alias `mootion`, made at the first call.

    Whoever gets `StorageUnavailable` or `StorageFull` repeats the call: the client tries once, so that there is one
    layer of retries, the caller's. A change that broke off half-way shows in part at most until it is repeated.

    Args:
        url: `http(s)://[user:password@]host:port`.
        alias: the name behind which the index stands.
        shards: parts of an index that is made; all entries of an owner lie in one.
    """

    def __init__(self, url: str, alias: str = ALIAS, shards: int = 1) -> None:
        self._client = AsyncElasticsearch(
            url,
            max_retries=0,
            request_timeout=SEARCH_SECONDS,
            connections_per_node=CONNECTIONS,
            # The certificates that this machine trusts; SSL_CERT_FILE names others.
            ssl_context=ssl.create_default_context() if url.startswith("https:") else None,
        )
        self._writer = self._client.options(request_timeout=WRITE_SECONDS)
        self._alias = alias
        self._shards = shards
        self._there = False
        self._changing = KeyedLock()

    async def replace(self, change: Replacement) -> None:
        async with self._changing.holding(change.document_id or tuple(change.ids)):
            with self._typed_errors():
                await self._make_sure_it_is_there()
                await self._replace(change)

    async def search(self, query: IndexQuery) -> IndexResult:
        with self._typed_errors():
            await self._make_sure_it_is_there()
            return await self._search(query)

    async def suggest(self, owner_id: str, prefix: str, limit: int) -> Sequence[str]:
        with self._typed_errors():
            await self._make_sure_it_is_there()
            found = await self._ask(owner_id, asking.titles_body(owner_id, folded_title(prefix)))
        buckets = found["aggregations"]["titles"]["buckets"]
        ranked = sorted(buckets, key=lambda b: (-b["doc_count"], len(b["key"]), b["key"]))
        return [bucket["key"] for bucket in ranked[:limit]]

    async def owners(self) -> Sequence[str]:
        with self._typed_errors():
            await self._make_sure_it_is_there()
            return [owner async for owner in self._values("owner_id", {"match_all": {}})]

    async def documents(self, owner_id: str) -> Sequence[str]:
        with self._typed_errors():
            await self._make_sure_it_is_there()
            return [found async for found in self._values("document_id", asking.owned_by(owner_id))]

    async def entries(self, owner_id: str, document_id: str) -> Sequence[Entry]:
        with self._typed_errors():
            await self._make_sure_it_is_there()
            query = {"query": asking.of_document(owner_id, document_id)}
            found = async_scan(self._writer, query, index=self._alias, routing=owner_id)
            return [entry_of(hit["_source"]) async for hit in found]

    async def reindex(self, shards: int | None = None, grace_seconds: float = SEARCH_SECONDS) -> str:
        """Moves all entries to a new index, of today's mapping, while searches go on.

        Writes go on during the copy. For its last, short step they are refused with `StorageUnavailable`; who repeats
        them finds the new index. What a broken-off run left behind, the next one removes. One at a time.

        Args:
            shards: parts of the new index; as many as the old one has by default.
            grace_seconds: how long the old index is kept for searches that began on it.

        Returns:
            The name of the new index.
        """
        with self._typed_errors():
            await self._make_sure_it_is_there()
            return await Moving(self._writer, self._alias, shards, grace_seconds).move()

    async def close(self) -> None:
        await self._client.close()

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            with typed_index_errors():
                yield
        except StorageUnavailable:
            self._there = False
            raise

    async def _make_sure_it_is_there(self) -> None:
        if self._there:
            return
        if not await self._client.indices.exists_alias(name=self._alias):
            await self._make()
        self._there = True

    async def _make(self) -> None:
        try:
            await self._writer.indices.create(
                index=f"{self._alias}-1",
                settings=index_settings(self._shards),
                mappings=MAPPINGS,
                aliases={self._alias: {"is_write_index": True}},
            )
        except BadRequestError as error:
            # Another process made it in the meantime.
            if error.error != "resource_already_exists_exception":
                raise

    async def _replace(self, change: Replacement) -> None:
        # A change that broke off may have left entries that no search has seen yet.
        await self._writer.indices.refresh(index=self._alias)
        puts = [Put(key(entry), entry.owner_id, source(entry)) for entry in change.entries]
        staying = {put.id for put in puts}
        removed = [Remove(hit["_id"], hit["_routing"]) async for hit in self._leaving(change)]
        operations: list[Put | Remove] = [*puts, *(gone for gone in removed if gone.id not in staying)]
        await write(self._writer, self._alias, operations)
        if operations:
            await self._writer.indices.refresh(index=self._alias)

    def _leaving(self, change: Replacement) -> AsyncIterator[Found]:
        query = {"query": asking.leaving_query(change), "_source": False}
        return async_scan(self._writer, query, index=self._alias)  # type: ignore[return-value]

    async def _values(self, field: str, within: asking.Query) -> AsyncIterator[str]:
        """The values that entries have in a field, a page at a time."""
        after: Mapping[str, Any] | None = None
        while True:
            body = asking.values_body(field, within, after)
            page = (await self._writer.search(index=self._alias, **body))["aggregations"]["values"]
            for bucket in page["buckets"]:
                yield bucket["key"]["value"]
            after = page.get("after_key")
            if after is None:
                return

    async def _search(self, query: IndexQuery) -> IndexResult:
        owned = [asking.owned_by(query.owner_id)]
        scope = [*asking.within(query), *asking.of_kinds(query)]
        words = parse_words(query.words)
        rarity = await self._rarity(query.owner_id, owned, await self._terms(query.owner_id, words))
        mended, corrected = await self._mended(query.owner_id, words, rarity)
        if corrected:
            rarity = await self._rarity(query.owner_id, scope, await self._terms(query.owner_id, mended))
        elif scope != owned:
            rarity = await self._rarity(query.owner_id, scope, rarity.terms)
        wanted = asking.Wanted(mended, rarity)
        body = asking.search_body(query, wanted.query(query.minimum_match_percent))
        return await self._result(query, wanted, await self._ask(query.owner_id, body), corrected)

    async def _result(
        self, query: IndexQuery, wanted: asking.Wanted, found: Found, corrected: str
    ) -> IndexResult:
        scored = [(hit["_score"], entry_of(hit["_source"])) for hit in found["hits"]["hits"]]
        shown = rerank(query.words, scored)[query.offset : query.offset + query.limit]
        keys = [key(entry) for _score, entry in shown]
        highlights = await self._highlights(query, wanted, keys) if keys else {}
        hits = [
            IndexHit(entry, score, highlights.get(id, []))
            for (score, entry), id in zip(shown, keys, strict=True)
        ]
        counts = found["aggregations"]["by_kind"]["buckets"]
        by_kind = {bucket["key"]: min(asking.MOST_COUNTED, bucket["doc_count"]) for bucket in counts}
        total = min(asking.MOST_COUNTED, found["hits"]["total"]["value"])
        return IndexResult(hits, total, by_kind, corrected)

    async def _highlights(
        self, query: IndexQuery, wanted: asking.Wanted, keys: Sequence[str]
    ) -> Mapping[str, Sequence[str]]:
        found = await self._ask(query.owner_id, asking.highlights_body(query, wanted.query(0), keys))
        return {hit["_id"]: hit.get("highlight", {}).get("text", []) for hit in found["hits"]["hits"]}

    async def _terms(self, owner_id: str, words: Words) -> Terms:
        texts = [*words.phrases, *words.single]
        if not texts:
            return Terms({}, {}, {})
        answer = await self._client.termvectors(index=self._alias, routing=owner_id, **terms_body(texts))
        return read_terms(texts, answer["term_vectors"])

    async def _rarity(self, owner_id: str, scope: Sequence[asking.Query], terms: Terms) -> Rarity:
        named = terms.named
        if not named:
            return Rarity(terms, 0, {})
        found = await self._ask(owner_id, asking.counts_body(scope, named))
        buckets = found["aggregations"]["having"]["buckets"]
        counts = {each: bucket["doc_count"] for each, bucket in zip(named, buckets, strict=True)}
        return Rarity(terms, found["hits"]["total"]["value"], counts)

    async def _mended(self, owner_id: str, words: Words, owned: Rarity) -> tuple[Words, str]:
        """Mends the words that no entry of the owner has."""
        known = {term for (_field, term), count in owned.counts.items() if count}
        unknown = [
            word
            for word in words.single
            if len(word) >= SHORTEST_MENDED and not known.intersection(owned.terms.of[word])
        ]
        if not unknown:
            return words, ""
        spellings = await self._spellings(owner_id, unknown[:MOST_MENDED])
        return corrected_words(words, spellings.get)

    async def _spellings(
        self, owner_id: str, words: Sequence[str]
    ) -> Mapping[str, Sequence[tuple[str, int]]]:
        """Of each word those of the owner that begin alike, with how many entries have them."""
        found = (await self._ask(owner_id, asking.spellings_body(owner_id, words)))["aggregations"]
        return {word: [(each["key"], each["doc_count"]) for each in found[word]["buckets"]] for word in words}

    async def _ask(self, owner_id: str, body: Mapping[str, Any]) -> Found:
        answer = await self._client.search(
            index=self._alias,
            routing=owner_id,
            # The same copy of the shard each time: copies may order equal scores differently, and pages would overlap.
            preference=f"owner {owner_id}",
            allow_partial_search_results=False,
            body=dict(body),
        )
        return dict(answer)
