"""Pages of documents, passages and atoms: complete, in order, and good only for the list they came from."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from mootion.document.v1 import document_service_pb2 as messages
from mootion.errors.v1 import reason_pb2

from mesh.pages import collect
from mesh.testing import Running, running
from services.document.__main__ import build
from tests.integration.document.library import library, passage_id, ready, uploaded
from tests.integration.document.refusals import refused

TEXTS = [f"Sentence number {number} stands on its own page." for number in range(7)]


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    async with running(build) as found:
        yield found


@pytest.mark.parametrize("size", [1, 2, 5, 6])
async def test_pages_of_documents_hold_each_once_newest_first(served: Running, size: int) -> None:
    made = [(await uploaded(served)).document_id for _ in range(5)]
    await uploaded(served, "somebody else")
    found = await collect(
        library(served).ListDocuments, messages.ListDocumentsRequest(page_size=size), "documents"
    )
    assert [document.document_id for document in found] == made[::-1]


async def test_documents_added_while_a_list_is_read_do_not_shift_it(served: Running) -> None:
    made = [(await uploaded(served)).document_id for _ in range(4)]
    first = await library(served).ListDocuments(messages.ListDocumentsRequest(page_size=2))
    await uploaded(served)
    request = messages.ListDocumentsRequest(page_size=2, page_token=first.next_page_token)
    second = await library(served).ListDocuments(request)
    seen = [document.document_id for reply in (first, second) for document in reply.documents]
    assert seen == made[::-1]
    assert second.next_page_token == ""


async def test_passages_come_in_reading_order(served: Running) -> None:
    document_id = (await ready(served, sentences=TEXTS)).document_id
    request = messages.ListPassagesRequest(document_id=document_id, page_size=3)
    assert [each.text for each in await collect(library(served).ListPassages, request, "passages")] == TEXTS


async def test_a_token_of_another_list_is_refused(served: Running) -> None:
    one, other = [(await ready(served, sentences=TEXTS)).document_id for _ in range(2)]
    client = library(served)
    passages = await client.ListPassages(messages.ListPassagesRequest(document_id=one, page_size=2))
    documents = await client.ListDocuments(messages.ListDocumentsRequest(page_size=1))
    foreign: list[Awaitable[Any]] = [
        client.ListPassages(
            messages.ListPassagesRequest(document_id=other, page_token=passages.next_page_token)
        ),
        client.ListPassages(
            messages.ListPassagesRequest(document_id=one, page_token=documents.next_page_token)
        ),
        client.ListAtoms(messages.ListAtomsRequest(document_id=one, page_token=passages.next_page_token)),
        client.ListDocuments(messages.ListDocumentsRequest(page_token=passages.next_page_token)),
        client.ListDocuments(messages.ListDocumentsRequest(page_token="made up")),
    ]
    for call in foreign:
        with refused(reason_pb2.REASON_INVALID_PAGE_TOKEN):
            await call


async def test_a_batch_gives_what_there_is_in_the_order_asked_for(served: Running) -> None:
    document_id = (await ready(served, sentences=TEXTS)).document_id
    wanted = [passage_id(document_id, number) for number in (5, 0, 5, 99, 3)]
    request = messages.BatchGetPassagesRequest(passage_ids=wanted)
    found = (await library(served).BatchGetPassages(request)).passages
    assert [passage.sequence for passage in found] == [5, 0, 3]
