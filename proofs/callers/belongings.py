"""One of each thing that a person can own, made the way people make them."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from google.api import httpbody_pb2
from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.flowchart.v1 import flowchart_service_pb2
from mootion.identity.v1 import account_service_pb2
from mootion.quiz.v1 import quiz_service_pb2
from mootion.video.v1 import rendering_service_pb2 as rendering
from mootion.video.v1 import video_pb2
from mootion.video.v1.rendering_service_pb2_grpc import VideoRenderingServiceStub

from mesh.runtime import Runtime
from proofs.callers import lessons
from proofs.callers.people import Person

_DOCUMENT = "/mootion.document.v1.DocumentService/"
_QUIZ = "/mootion.quiz.v1.QuizService/"
_READING_SECONDS = 120.0


async def furnish(person: Person, data: bytes, filename: str, runtime: Runtime) -> None:
    """A document that was read, its passages, atoms and map, a quiz with an attempt, a video that can be played, a key
    and sessions. Their ids are in `person.owns`.

    Args:
        runtime: that of a render worker, for the video.
    """
    document_id = await read_document(person, data, filename)
    listed = document_service_pb2.ListPassagesRequest(document_id=document_id)
    await person.call(f"{_DOCUMENT}ListPassages", listed)
    await person.call(f"{_DOCUMENT}ListAtoms", document_service_pb2.ListAtomsRequest(document_id=document_id))
    drawn = flowchart_service_pb2.GenerateFlowchartRequest(document_id=document_id)
    await person.call("/mootion.flowchart.v1.FlowchartService/GenerateFlowchart", drawn)
    await _quiz(person, document_id)
    key = account_service_pb2.CreateApiKeyRequest(name="reader", scopes=["document:read"])
    await person.call("/mootion.identity.v1.AccountService/CreateApiKey", key)
    await person.sign_in()
    sessions = account_service_pb2.ListSessionsRequest()
    await person.call("/mootion.identity.v1.AccountService/ListSessions", sessions)
    person.owns.setdefault("video_id", []).append(await _video(runtime, person))


async def read_document(person: Person, data: bytes, filename: str) -> str:
    """Uploads a document and gives its id when it was read.

    Raises:
        RuntimeError: it cannot be read, or is not within two minutes.
    """
    content = httpbody_pb2.HttpBody(content_type="application/octet-stream", data=data)
    request = document_service_pb2.UploadDocumentRequest(filename=filename, content=content)
    uploaded: Any = (await person.call(f"{_DOCUMENT}UploadDocument", request)).replies[0]
    document_id = str(uploaded.document.document_id)
    give_up = time.monotonic() + _READING_SECONDS
    while True:
        get = document_service_pb2.GetDocumentRequest(document_id=document_id)
        found: Any = (await person.call(f"{_DOCUMENT}GetDocument", get)).replies[0]
        if found.document.state == document_pb2.READY:
            return document_id
        if found.document.state == document_pb2.FAILED or time.monotonic() > give_up:
            raise RuntimeError(f"{filename} was not read: {found.document.failure}")
        await asyncio.sleep(0.1)


async def _quiz(person: Person, document_id: str) -> None:
    generate = quiz_service_pb2.GenerateQuizRequest(document_id=document_id, question_count=6)
    made: Any = (await person.call(f"{_QUIZ}GenerateQuiz", generate)).replies[0]
    start = quiz_service_pb2.StartAttemptRequest(quiz_id=made.quiz.quiz_id)
    await person.call(f"{_QUIZ}StartAttempt", start)


async def _video(runtime: Runtime, person: Person) -> str:
    """A finished video, of whose three files each says whose it is."""
    script = lessons.lesson(f"A lesson of {person.name}")
    video_id = await lessons.add_lesson(runtime, script, owner=person.account_id)
    stub = runtime.channels.stub(VideoRenderingServiceStub, "video")
    await stub.StartScene(rendering.StartSceneRequest(video_id=video_id, scene_index=0, lease_token=1))
    scene = rendering.RenderedScene(scene_id="s0", blob_key="scenes/0", duration_seconds=1)
    complete = rendering.CompleteSceneRequest(video_id=video_id, scene_index=0, lease_token=1, scene=scene)
    await stub.CompleteScene(complete)
    keys = {name: f"videos/{video_id}.{name}" for name in ("mp4", "vtt", "png")}
    body = f"of {person.account_id}".encode()
    for key in keys.values():
        await runtime.blobs.put(key, _chunks(body))
    file = video_pb2.VideoFile(width=854, height=480, size_bytes=len(body), content_hash="c0ffee")
    done = rendering.CompleteVideoRequest(
        video_id=video_id,
        lease_token=1,
        duration_seconds=1,
        file=file,
        content_key=keys["mp4"],
        captions_key=keys["vtt"],
        thumbnail_key=keys["png"],
    )
    await stub.CompleteVideo(done)
    return video_id


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body
