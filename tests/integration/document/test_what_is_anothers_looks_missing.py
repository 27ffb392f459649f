"""Every method that names a thing by its id: what is another's looks exactly like what is not there.

The methods come from the contracts, so that a new one is covered or fails here until it is.
"""

from collections.abc import AsyncIterable, Mapping
from typing import Any

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.message import Message
from mootion.answer.v1 import answer_service_pb2_grpc
from mootion.document.v1 import document_service_pb2, document_service_pb2_grpc
from mootion.flowchart.v1 import flowchart_service_pb2, flowchart_service_pb2_grpc
from mootion.policy.v1 import policy_pb2
from mootion.quiz.v1 import quiz_service_pb2, quiz_service_pb2_grpc
from mootion.search.v1 import search_service_pb2_grpc
from mootion.video.v1 import video_service_pb2, video_service_pb2_grpc

from mesh import policy
from mesh.errors import CallError
from mesh.policy import Method
from mesh.testing import Running, running
from services.answer.__main__ import build as answers
from services.document.__main__ import build as documents
from services.flowchart.__main__ import build as flowcharts
from services.quiz.__main__ import build as quizzes_build
from services.search.__main__ import build as search
from services.video.__main__ import build as videos_build
from tests.integration.document.library import passage_id, ready
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.flowchart import concepts
from tests.integration.quiz import questions
from tests.integration.video import lessons

STUBS = {
    "answer": answer_service_pb2_grpc.AnswerServiceStub,
    "document": document_service_pb2_grpc.DocumentServiceStub,
    "flowchart": flowchart_service_pb2_grpc.FlowchartServiceStub,
    "quiz": quiz_service_pb2_grpc.QuizServiceStub,
    "search": search_service_pb2_grpc.SearchServiceStub,
    "video": video_service_pb2_grpc.VideoServiceStub,
}
IDS = ("document_id", "quiz_id", "attempt_id", "video_id", "document_ids", "passage_ids")
# Lists narrow by an id and find nothing; their replies are compared as they are.
NARROWING = ("ListQuizzes", "ListVideos", "Search", "BatchGetPassages")
# What a request must have beside the id to be valid.
OTHERWISE: Mapping[str, dict[str, Any]] = {
    "GetPath": {"source_id": "a", "target_id": "b"},
    "GetPrerequisiteChain": {"node_id": "a"},
    "EditFlowchart": {"edits": [{"add_node": {"name": "Mine"}}]},
    "AnswerQuestion": {"response": {"question_id": "q"}},
    "UpdateVideo": {"archived": True},
    "Search": {"query": "sound"},
    "Ask": {"question": "What is sound?"},
    "Choose": {"question": "What is sound?", "options": ["a wave", "a stone"]},
}


def of_learners(method: Method) -> bool:
    return (
        method.service in STUBS
        and "edge" in method.callers
        and method.policy.least_role == policy_pb2.ACCESS_ROLE_STUDENT
    )


def id_field(method: Method) -> str:
    """The field that names the thing; empty where there is none."""
    names = [field.name for field in method.input.fields]
    return next((name for name in IDS if name in names), "")


METHODS = [method for method in policy.all_methods() if of_learners(method) and id_field(method)]


async def belongings(served: Running, principal: str) -> dict[str, Any]:
    """One of everything, by the names of fields that hold ids."""
    document_id = (await ready(served, principal)).document_id
    await concepts.mapped(served, document_id, principal)
    quiz = await questions.quizzed(served, document_id, principal)
    attempt = await questions.attempted(served, quiz.quiz_id, principal)
    video = await lessons.completed(served, document_id, principal)
    return {
        "document_id": document_id,
        "document_ids": [document_id],
        "passage_ids": [passage_id(document_id, 0)],
        "quiz_id": quiz.quiz_id,
        "attempt_id": attempt.attempt_id,
        "video_id": video.video_id,
    }


async def outcome(served: Running, method: Method, request: Message, principal: str) -> Any:
    """The reply or the refusal, without the ids of the request."""
    stub = served.stub(STUBS[method.service], method.service, principal=principal)
    call = getattr(stub, method.path.rpartition("/")[2])(request)
    try:
        if isinstance(call, AsyncIterable):
            async for reply in call:
                return json_format.MessageToDict(reply)
        return json_format.MessageToDict(await call)
    except CallError as error:
        return error.code, error.reason, str(getattr(error, "message", "")).replace(_named(request), "…")


def _named(request: Message) -> str:
    values = (getattr(request, field.name) for field in request.DESCRIPTOR.fields if field.name in IDS)
    value: Any = next(value for value in values if value)
    return value if isinstance(value, str) else value[0]


def request_for(method: Method, value: Any) -> Message:
    name = method.path.rpartition("/")[2]
    request = message_factory.GetMessageClass(method.input)()
    json_format.ParseDict({**OTHERWISE.get(name, {}), id_field(method): value}, request)
    return request


def unknown(value: Any) -> Any:
    """An id of the same shape that nobody has."""
    return [unknown(each) for each in value] if isinstance(value, list) else value[:-4] + "0000"


async def everything(served: Running, theirs: Mapping[str, Any]) -> list[Any]:
    """What its owner sees of all of it."""
    reads: Mapping[str, Message] = {
        "GetDocument": document_service_pb2.GetDocumentRequest(document_id=theirs["document_id"]),
        "GetFlowchart": flowchart_service_pb2.GetFlowchartRequest(document_id=theirs["document_id"]),
        "GetAttempt": quiz_service_pb2.GetAttemptRequest(attempt_id=theirs["attempt_id"]),
        "GetVideo": video_service_pb2.GetVideoRequest(video_id=theirs["video_id"]),
    }
    named = {method.path.rpartition("/")[2]: method for method in METHODS}
    return [await outcome(served, named[name], request, "owner") for name, request in reads.items()]


async def test_what_is_anothers_looks_exactly_like_what_is_not_there() -> None:
    llm = ScriptedLlm({**concepts.REPLIES, **questions.REPLIES, **lessons.REPLIES})
    builds = (documents, flowcharts, quizzes_build, videos_build, search, answers, llm.build)
    async with running(*builds) as served:
        theirs = await belongings(served, "owner")
        before, asked = await everything(served, theirs), len(llm.requests)
        differences = []
        for method in METHODS:
            value = theirs[id_field(method)]
            anothers = await outcome(served, method, request_for(method, value), "stranger")
            missing = await outcome(served, method, request_for(method, unknown(value)), "stranger")
            if anothers != missing or not _refused(method, anothers):
                differences.append((method.path, anothers, missing))
        assert differences == []
        assert len(METHODS) > 30
        assert (await everything(served, theirs), len(llm.requests)) == (before, asked)


def _refused(method: Method, found: Any) -> bool:
    if method.path.rpartition("/")[2] in NARROWING:
        return isinstance(found, dict) and not any(found.values())
    return isinstance(found, tuple) and found[0] == grpc.StatusCode.NOT_FOUND
