"""A page of hits begins within what the index counts, whatever position a caller writes into a token."""

from collections.abc import AsyncIterator

import pytest
from mootion.search.v1 import search_service_pb2 as messages
from mootion.search.v1.search_service_pb2_grpc import SearchServiceStub

from mesh import pages
from mesh.ports.index import IndexQuery, IndexResult
from mesh.ports.index_tantivy import TantivyIndex
from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.search.__main__ import build
from services.search.service import MOST_LISTED
from tests.integration.document.library import ready


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    async with running(documents, build) as found:
        yield found


@pytest.mark.parametrize(
    ("position", "offset"), [(-7, 0), (0, 0), (20, 20), (10**15, MOST_LISTED)], ids=lambda value: f"{value:g}"
)
async def test_a_made_up_position_is_held_within_bounds(
    served: Running, monkeypatch: pytest.MonkeyPatch, position: int, offset: int
) -> None:
    await ready(served)
    asked: list[IndexQuery] = []
    search = TantivyIndex.search

    async def noted(index: TantivyIndex, query: IndexQuery) -> IndexResult:
        asked.append(query)
        return await search(index, query)

    monkeypatch.setattr(TantivyIndex, "search", noted)
    request = messages.SearchRequest(query="sound")
    request.page_token = pages.encode(request, position)
    await served.stub(SearchServiceStub, "search").Search(request)
    assert [query.offset for query in asked] == [offset]
