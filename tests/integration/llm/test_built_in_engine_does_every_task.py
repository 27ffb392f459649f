"""Every RPC of LlmService by the built-in engine, over real gRPC and in its real process."""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psutil
import pytest
from google.protobuf.message import Message
from mootion.document.v1.document_pb2 import Citation
from mootion.llm.v1 import llm_service_pb2 as messages
from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceStub

from mesh.testing import Running, running
from services.llm.__main__ import build
from services.llm.extractive.concepts import extract_concepts
from tests.integration.llm.chapter import PASSAGES

if TYPE_CHECKING:
    from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceAsyncStub

TEXTS = {passage.passage_id: passage.text for passage in PASSAGES}


def client(system: Running, caller: str) -> "LlmServiceAsyncStub":
    return system.stub(LlmServiceStub, "llm", caller=caller)


async def everything(system: Running) -> dict[str, Message]:
    """One reply of each method, by its name."""
    flowchart = client(system, "flowchart")
    concepts = await flowchart.ExtractConcepts(messages.ExtractConceptsRequest(passages=PASSAGES))
    relations = await flowchart.InferRelations(
        messages.InferRelationsRequest(passages=PASSAGES, concepts=concepts.concepts)
    )
    return {
        "ExtractConcepts": concepts,
        "InferRelations": relations,
        "WriteAtoms": await client(system, "document-worker").WriteAtoms(
            messages.WriteAtomsRequest(passages=PASSAGES)
        ),
        "WriteQuestions": await client(system, "quiz").WriteQuestions(
            messages.WriteQuestionsRequest(
                passages=PASSAGES,
                concepts=concepts.concepts,
                relations=relations.relations,
                question_count=5,
                seed=7,
            )
        ),
        "WriteScript": await client(system, "video").WriteScript(
            messages.WriteScriptRequest(passages=PASSAGES, document_title="Waves", seed=7)
        ),
        "AnswerQuestion": await client(system, "answer").AnswerQuestion(
            messages.AnswerQuestionRequest(passages=PASSAGES, question="What is the wavelength?")
        ),
        "ChooseOption": await client(system, "answer").ChooseOption(
            messages.ChooseOptionRequest(
                passages=PASSAGES, question="What does pitch rise with?", options=["amplitude", "frequency"]
            )
        ),
    }


def citations_in(message: Message) -> Iterator[Citation]:
    if isinstance(message, Citation):
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for part in [value] if isinstance(value, Message) else value:
                yield from citations_in(part)


async def test_every_method_answers_with_quotes_that_stand_in_the_text_and_the_same_bytes_again() -> None:
    async with running(build) as system:
        first = await everything(system)
    async with running(build) as system:
        second = await everything(system)
    methods = messages.DESCRIPTOR.services_by_name["LlmService"].methods
    assert set(first) == {method.name for method in methods}
    for name, reply in first.items():
        assert reply.SerializeToString(deterministic=True) == second[name].SerializeToString(
            deterministic=True
        )
        assert len(reply.SerializeToString()) > 100, name
        assert reply.engine.engine == "extractive"  # type: ignore[attr-defined]
        citations = [c for c in citations_in(reply) if c.quote]
        assert citations, name
        for citation in citations:
            assert TEXTS[citation.passage_id][citation.start_char : citation.end_char] == citation.quote


def analysis_processes() -> list[int]:
    return [child.pid for child in psutil.Process().children() if _is_analysis(child)]


def _is_analysis(child: psutil.Process) -> bool:
    try:
        return "services.llm.analysis_process" in child.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


async def test_the_process_starts_with_the_first_task_and_ends_with_the_server() -> None:
    async with running(build) as system:
        assert analysis_processes() == []
        request = messages.ExtractConceptsRequest(passages=PASSAGES)
        await client(system, "flowchart").ExtractConcepts(request)
        assert len(analysis_processes()) == 1
    assert analysis_processes() == []


@pytest.mark.parametrize("most", [11, 12])
async def test_a_killed_analysis_process_is_not_noticed_by_callers(most: int) -> None:
    async with running(build) as system:
        flowchart = client(system, "flowchart")
        await flowchart.ExtractConcepts(messages.ExtractConceptsRequest(passages=PASSAGES))
        (pid,) = analysis_processes()
        os.kill(pid, signal.SIGKILL)
        request = messages.ExtractConceptsRequest(passages=PASSAGES, max_concepts=most)
        after = await flowchart.ExtractConcepts(request)
        assert list(after.concepts) == extract_concepts(request)
