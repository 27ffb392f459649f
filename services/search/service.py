"""One short method for each RPC of SearchService."""

from dataclasses import dataclass

import grpc
from mootion.search.v1 import search_service_pb2 as messages
from mootion.search.v1 import search_service_pb2_grpc as rpc

from mesh import context, pages
from mesh.ports.index import Index, IndexHit, IndexQuery
from mesh.runtime import Runtime
from services.search.indexer import SUBSCRIPTION

# How long a search waits for what was written just before it to be indexed.
CATCH_UP_SECONDS = 3.0
# The index counts no more hits than this, so that no page begins behind them. It ranks anew for each page: a page costs
# as much as all before it together.
MOST_LISTED = 1000
# A longer text is shown by the part that matches.
MOST_CHARACTERS = 2000
Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class SearchService(rpc.SearchServiceServicer):
    """Finds what the caller owns, and nothing else."""

    runtime: Runtime
    index: Index

    async def Search(self, request: messages.SearchRequest, context_: Context) -> messages.SearchResponse:
        size = pages.page_size(request.page_size, default=20, most=100)
        position = pages.decode(request, int)
        offset = max(0, min(MOST_LISTED, position[0])) if position else 0
        await self.runtime.events.wait_until_handled(SUBSCRIPTION, CATCH_UP_SECONDS)
        result = await self.index.search(_query(request, offset, size))
        more = offset + size < result.total
        return messages.SearchResponse(
            hits=[_hit(hit) for hit in result.hits],
            next_page_token=pages.encode(request, offset + size) if more else "",
            total_count=result.total,
            facets=[
                messages.Facet(kind=messages.HitKind.Value(kind), count=count)
                for kind, count in sorted(result.by_kind.items())
            ],
            corrected_query=result.corrected,
        )

    async def Suggest(self, request: messages.SuggestRequest, context_: Context) -> messages.SuggestResponse:
        size = pages.page_size(request.page_size, default=8, most=20)
        found = await self.index.suggest(context.principal_id(), request.prefix, size)
        return messages.SuggestResponse(suggestions=found)


def _query(request: messages.SearchRequest, offset: int, size: int) -> IndexQuery:
    after = request.create_time_after.ToMicroseconds() if request.HasField("create_time_after") else 0
    return IndexQuery(
        owner_id=context.principal_id(),
        words=request.query,
        kinds=[messages.HitKind.Name(kind) for kind in request.kinds if kind],
        document_ids=list(request.document_ids),
        created_after_us=after,
        minimum_match_percent=request.minimum_match_percent,
        offset=offset,
        limit=size,
    )


def _hit(hit: IndexHit) -> messages.Hit:
    entry = hit.entry
    return messages.Hit(
        kind=messages.HitKind.Value(entry.kind),
        id=entry.id,
        document_id=entry.document_id,
        title=entry.title,
        text=entry.text[:MOST_CHARACTERS],
        highlights=hit.highlights,
        score=hit.score,
        page=entry.page,
    )
