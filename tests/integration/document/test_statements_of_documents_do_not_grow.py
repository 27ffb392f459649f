"""A document with many passages, and a library of many documents, cost as many statements as small ones."""

from collections.abc import AsyncIterator

import pytest
from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1 import document_service_pb2 as messages

from mesh.testing import Running, running
from services.document import store
from services.document.__main__ import build
from tests.integration.document.counting import Counts, counting
from tests.integration.document.library import complete, library, passage_id, ready, uploaded


@pytest.fixture
async def counted() -> AsyncIterator[tuple[Running, Counts]]:
    with counting() as counts:
        async with running(build) as served:
            yield served, counts


def sentences(count: int) -> list[str]:
    return [f"Sentence number {number} stands on its own page." for number in range(count)]


async def filled(served: Running, principal: str, count: int) -> None:
    """Gives a learner so many documents."""
    async with served.runtime.database.transaction() as tx:
        for number in range(count):
            document = document_pb2.Document(document_id=f"{principal}-{number}", title="Waves")
            await store.add_document(tx, principal, document)


async def test_a_list_of_documents_is_one_statement(counted: tuple[Running, Counts]) -> None:
    served, counts = counted
    for principal, count in (("few", 1), ("many", 50)):
        await filled(served, principal, count)
        request = messages.ListDocumentsRequest(page_size=50)
        assert await counts.statements_of(library(served, principal).ListDocuments(request)) == 1


@pytest.mark.parametrize("count", [1, 50])
async def test_passages_and_atoms_are_read_by_two_statements(
    counted: tuple[Running, Counts], count: int
) -> None:
    served, counts = counted
    document_id = (await ready(served, sentences=sentences(count))).document_id
    passages = messages.ListPassagesRequest(document_id=document_id, page_size=100)
    atoms = messages.ListAtomsRequest(document_id=document_id, page_size=100)
    assert await counts.statements_of(library(served).ListPassages(passages)) == 2
    assert await counts.statements_of(library(served).ListAtoms(atoms)) == 2


@pytest.mark.parametrize("count", [1, 50])
async def test_a_batch_of_passages_is_one_statement(counted: tuple[Running, Counts], count: int) -> None:
    served, counts = counted
    document_id = (await ready(served, sentences=sentences(count))).document_id
    ids = [passage_id(document_id, number) for number in range(count)]
    request = document_service_pb2.BatchGetPassagesRequest(passage_ids=ids)
    assert await counts.statements_of(library(served).BatchGetPassages(request)) == 1


async def test_a_document_is_stored_by_as_many_statements_whatever_it_holds(
    counted: tuple[Running, Counts],
) -> None:
    served, counts = counted
    seen = []
    for count in (10, 500):
        document_id = (await uploaded(served)).document_id
        seen.append(await counts.statements_of(complete(served, document_id, sentences=sentences(count))))
    # The row, old passages, old atoms, passages, atoms, the row again, the event.
    assert seen == [7, 7]


async def test_a_document_is_deleted_by_as_many_statements_whatever_it_holds(
    counted: tuple[Running, Counts],
) -> None:
    served, counts = counted
    seen = []
    for count in (10, 500):
        document_id = (await ready(served, sentences=sentences(count))).document_id
        request = messages.DeleteDocumentRequest(document_id=document_id)
        seen.append(await counts.statements_of(library(served).DeleteDocument(request)))
    # The row, then passages, atoms, the row and the event.
    assert seen == [5, 5]
