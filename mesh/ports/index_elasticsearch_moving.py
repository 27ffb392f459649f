"""Moves an index to a new one while it is in use: for a changed mapping, or another number of shards."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_scan

from mesh.ports.index_elasticsearch_bulk import OPERATIONS_A_REQUEST, Put, Remove, write
from mesh.ports.index_elasticsearch_mapping import MAPPINGS, entry_of, index_settings, source

ALL: Mapping[str, Any] = {"match_all": {}}


class Moving:
    """One move of the index behind an alias.

    Everything is copied first, with writes going on. Then the old index is closed to writes, which waits for those
    under way; what was written since the copy began (by sequence number, shard by shard) is copied again, what was
    deleted is deleted, and the alias changes hands in one step.

    Args:
        shards: parts of the new index; None for as many as the old one has.
        grace_seconds: how long searches that found the old index may still need it.
    """

    def __init__(
        self, client: AsyncElasticsearch, alias: str, shards: int | None, grace_seconds: float
    ) -> None:
        self._client = client
        self._alias = alias
        self._next = f"{alias}-next"
        self._shards = shards
        self._grace_seconds = grace_seconds

    async def move(self) -> str:
        """Returns the name of the new index. Where it fails, the old one stays in use."""
        [old] = await self._client.indices.get_alias(name=self._alias)
        await self._remove_leftovers(old)
        new = f"{self._alias}-{_number(old) + 1}"
        try:
            await self._fill(old, new)
            await self._hand_over(old, new)
        except BaseException:
            await self._open_for_writes(old)
            raise
        await asyncio.sleep(self._grace_seconds)
        await self._client.indices.delete(index=old)
        return new

    async def _fill(self, old: str, new: str) -> None:
        shards = self._shards or await self._shards_of(old)
        await self._client.indices.create(
            index=new, settings=index_settings(shards), mappings=MAPPINGS, aliases={self._next: {}}
        )
        checkpoints = await self._checkpoints(old)
        await self._copy(old, ALL)
        await self._client.indices.add_block(index=old, block="write")
        for shard, checkpoint in checkpoints.items():
            await self._copy(old, {"range": {"_seq_no": {"gt": checkpoint}}}, preference=f"_shards:{shard}")
        await self._client.indices.refresh(index=new)
        if await self._count(new) > await self._count(old):
            await self._remove_gone(old, new)

    async def _hand_over(self, old: str, new: str) -> None:
        steps: list[Mapping[str, Any]] = [
            {"remove": {"index": old, "alias": self._alias}},
            {"add": {"index": new, "alias": self._alias, "is_write_index": True}},
            {"remove": {"index": new, "alias": self._next}},
        ]
        await self._client.indices.update_aliases(actions=steps)

    async def _checkpoints(self, index: str) -> Mapping[str, int]:
        """Of each shard the number up to which all writes are done."""
        stats = await self._client.indices.stats(index=index, level="shards", metric="docs")
        shards = stats["indices"][index]["shards"]
        return {
            shard: copy["seq_no"]["local_checkpoint"]
            for shard, copies in shards.items()
            for copy in copies
            if copy["routing"]["primary"]
        }

    async def _copy(self, old: str, query: Mapping[str, Any], **options: Any) -> None:
        await self._client.indices.refresh(index=old)
        async for hits in self._pages(old, query, **options):
            puts = [Put(hit["_id"], hit["_routing"], source(entry_of(hit["_source"]))) for hit in hits]
            await write(self._client, self._next, puts)

    async def _remove_gone(self, old: str, new: str) -> None:
        async for hits in self._pages(new, ALL, _source=False):
            ids = {"ids": {"values": [hit["_id"] for hit in hits]}}
            found = await self._client.search(index=old, query=ids, source=False, size=len(hits))
            there = {hit["_id"] for hit in found["hits"]["hits"]}
            gone = [Remove(hit["_id"], hit["_routing"]) for hit in hits if hit["_id"] not in there]
            await write(self._client, self._next, gone)
        await self._client.indices.refresh(index=new)

    async def _pages(
        self, index: str, query: Mapping[str, Any], **options: Any
    ) -> AsyncIterator[list[Mapping[str, Any]]]:
        page: list[Mapping[str, Any]] = []
        async for hit in async_scan(
            self._client, {"query": query}, index=index, size=OPERATIONS_A_REQUEST, **options
        ):
            page.append(hit)
            if len(page) == OPERATIONS_A_REQUEST:
                yield page
                page = []
        if page:
            yield page

    async def _shards_of(self, index: str) -> int:
        settings = await self._client.indices.get_settings(index=index)
        return int(settings[index]["settings"]["index"]["number_of_shards"])

    async def _count(self, index: str) -> int:
        return int((await self._client.count(index=index))["count"])

    async def _remove_leftovers(self, old: str) -> None:
        await self._open_for_writes(old)
        for name in await self._client.indices.get(index=f"{self._alias}-*"):
            if name != old and re.fullmatch(rf"{re.escape(self._alias)}-\d+", name):
                await self._client.indices.delete(index=name)

    async def _open_for_writes(self, index: str) -> None:
        await self._client.indices.put_settings(index=index, settings={"index.blocks.write": None})


def _number(index: str) -> int:
    return int(index.rpartition("-")[2])
