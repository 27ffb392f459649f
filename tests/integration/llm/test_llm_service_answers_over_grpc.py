"""LlmService with the built-in engine behind a real server."""

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import llm_service_pb2 as messages
from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceStub

from mesh.errors import CallError
from mesh.testing import Running, running
from services.llm.__main__ import build
from tests.integration.llm.chapter import PASSAGES

if TYPE_CHECKING:
    from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceAsyncStub


def client(system: Running, caller: str) -> "LlmServiceAsyncStub":
    return system.stub(LlmServiceStub, "llm", caller=caller)


async def test_concepts_are_found_and_named_after_the_built_in_engine() -> None:
    async with running(build) as system:
        request = messages.ExtractConceptsRequest(passages=PASSAGES)
        reply = await client(system, "flowchart").ExtractConcepts(request)
        assert "wavelength" in {concept.name.lower() for concept in reply.concepts}
        assert (reply.engine.engine, reply.engine.fallback) == ("extractive", False)
        for concept in reply.concepts:
            if concept.HasField("definition"):
                quoted = next(p for p in PASSAGES if p.passage_id == concept.definition.passage_id)
                span = slice(concept.definition.start_char, concept.definition.end_char)
                assert quoted.text[span] == concept.definition.quote == concept.description


async def test_two_hundred_equal_calls_at_once_get_the_same_reply() -> None:
    async with running(build) as system:
        llm = client(system, "flowchart")
        request = messages.ExtractConceptsRequest(passages=PASSAGES)
        replies = await asyncio.gather(*(llm.ExtractConcepts(request) for _ in range(200)))
        assert all(reply == replies[0] for reply in replies)


async def test_text_that_teaches_nothing_fails_with_too_little_content() -> None:
    async with running(build) as system:
        request = messages.ExtractConceptsRequest(passages=[Passage(passage_id="p", text="12 34. 56.")])
        with pytest.raises(CallError) as raised:
            await client(system, "flowchart").ExtractConcepts(request)
        assert raised.value.code == grpc.StatusCode.FAILED_PRECONDITION
        assert raised.value.reason == reason_pb2.REASON_TOO_LITTLE_CONTENT


async def test_a_workload_that_has_no_business_here_is_refused() -> None:
    async with running(build) as system:
        request = messages.ExtractConceptsRequest(passages=PASSAGES)
        with pytest.raises(CallError) as raised:
            await client(system, "search").ExtractConcepts(request)
        assert raised.value.code == grpc.StatusCode.PERMISSION_DENIED
