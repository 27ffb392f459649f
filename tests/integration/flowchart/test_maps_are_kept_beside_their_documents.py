"""A map is made once, edited by one at a time, and gone with its document."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from mootion.document.v1 import document_service_pb2
from mootion.errors.v1 import reason_pb2
from mootion.flowchart.v1 import flowchart_pb2
from mootion.flowchart.v1 import flowchart_service_pb2 as messages

from mesh.errors import CallError
from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.flowchart.__main__ import build as flowcharts
from tests.integration.document.library import library, ready, uploaded
from tests.integration.document.refusals import reason_of, refused
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.flowchart.concepts import NAMES, REPLIES, mapped, maps


@pytest.fixture
def llm() -> ScriptedLlm:
    return ScriptedLlm(dict(REPLIES))


@pytest.fixture
async def served(llm: ScriptedLlm) -> AsyncIterator[Running]:
    async with running(documents, flowcharts, llm.build) as found:
        yield found


def adding(document_id: str, name: str, etag: str = "") -> messages.EditFlowchartRequest:
    edit = messages.FlowchartEdit(add_node=messages.AddNode(name=name))
    return messages.EditFlowchartRequest(document_id=document_id, edits=[edit], etag=etag)


async def get(served: Running, document_id: str) -> flowchart_pb2.Flowchart:
    return (await maps(served).GetFlowchart(messages.GetFlowchartRequest(document_id=document_id))).flowchart


async def delete_document(served: Running, document_id: str) -> None:
    request = document_service_pb2.DeleteDocumentRequest(document_id=document_id)
    await library(served).DeleteDocument(request)
    assert await served.runtime.events.wait_until_handled("flowchart", 60)


async def test_what_the_engine_found_becomes_a_map_without_its_weakest_cycle(served: Running) -> None:
    document = await ready(served)
    chart = await mapped(served, document.document_id)
    assert await get(served, document.document_id) == chart
    assert [node.name for node in chart.nodes] == list(NAMES)
    assert (len(chart.edges), chart.broken_cycle_count) == (2, 1)
    assert (chart.title, chart.version_hash) == (document.title, document.version_hash)
    assert chart.engine.engine == "scripted"


async def test_a_document_that_is_not_ready_has_no_map(served: Running, llm: ScriptedLlm) -> None:
    document_id = (await uploaded(served)).document_id
    with refused(reason_pb2.REASON_DOCUMENT_NOT_READY):
        await mapped(served, document_id)
    assert llm.requests == []
    with refused(reason_pb2.REASON_FLOWCHART_NOT_GENERATED):
        await get(served, document_id)


async def test_a_repeat_with_the_same_request_id_asks_no_engine(served: Running, llm: ScriptedLlm) -> None:
    document_id = (await ready(served)).document_id
    request = messages.GenerateFlowchartRequest(document_id=document_id, request_id="once")
    first = await maps(served).GenerateFlowchart(request)
    asked = len(llm.requests)
    await maps(served).EditFlowchart(adding(document_id, "Pitch"))
    assert await maps(served).GenerateFlowchart(request) == first
    assert len(llm.requests) == asked
    assert "Pitch" in [node.name for node in (await get(served, document_id)).nodes]


async def test_of_edits_made_from_one_reading_exactly_one_counts(served: Running) -> None:
    document_id = (await ready(served)).document_id
    etag = (await mapped(served, document_id)).etag
    edits = [maps(served).EditFlowchart(adding(document_id, f"New {n}", etag)) for n in range(6)]
    results = await asyncio.gather(*edits, return_exceptions=True)
    refusals = [error.reason for error in results if isinstance(error, CallError)]
    assert refusals == [reason_pb2.REASON_CONCURRENT_CHANGE] * 5
    assert len((await get(served, document_id)).nodes) == len(NAMES) + 1


async def test_edits_without_an_etag_are_all_kept(served: Running) -> None:
    document_id = (await ready(served)).document_id
    await mapped(served, document_id)
    edits = [maps(served).EditFlowchart(adding(document_id, f"New {n}")) for n in range(6)]
    await asyncio.gather(*edits)
    names = [node.name for node in (await get(served, document_id)).nodes]
    assert sorted(names) == sorted([*NAMES, *(f"New {n}" for n in range(6))])


async def test_the_etag_changes_with_each_edit(served: Running) -> None:
    document_id = (await ready(served)).document_id
    etags = {(await mapped(served, document_id)).etag}
    for name in ("Pitch", "Tone"):
        reply = await maps(served).EditFlowchart(adding(document_id, name))
        etags.add(reply.flowchart.etag)
    assert len(etags) == 3


async def test_of_an_edit_that_is_refused_nothing_is_kept(served: Running) -> None:
    document_id = (await ready(served)).document_id
    before = await mapped(served, document_id)
    request = adding(document_id, "Pitch")
    request.edits.add(add_node=messages.AddNode(name=NAMES[0]))
    with refused(reason_pb2.REASON_INVALID_FIELD):
        await maps(served).EditFlowchart(request)
    assert await get(served, document_id) == before


async def test_a_deleted_document_takes_its_map_along(served: Running) -> None:
    document_id = (await ready(served)).document_id
    await mapped(served, document_id)
    await delete_document(served, document_id)
    assert await reason_of(get(served, document_id)) == "FLOWCHART_NOT_GENERATED"
    assert await reason_of(mapped(served, document_id)) == "NOT_FOUND"


async def test_a_document_deleted_while_its_map_is_made_leaves_no_map(
    served: Running, llm: ScriptedLlm
) -> None:
    document_id = (await ready(served)).document_id
    said = REPLIES["InferRelations"]

    async def deleting(_request: object) -> object:
        await delete_document(served, document_id)
        return said

    llm.replies["InferRelations"] = deleting
    with refused(reason_pb2.REASON_NOT_FOUND):
        await mapped(served, document_id)
    assert await reason_of(get(served, document_id)) == "FLOWCHART_NOT_GENERATED"
