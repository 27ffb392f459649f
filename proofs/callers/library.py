"""Things of every kind in a running system, for calls that ask for them."""

from typing import Any

import httpx2

from tests.e2e.calls import SAMPLE, Json, ok, upload_and_wait
from tests.e2e.system import LocalSystem


def filled_library(system: LocalSystem, token: str = "") -> dict[str, str]:
    """A document with its map, a quiz and an attempt at it, and a video that waits for a worker; their ids by the names
    of fields, such as `document_id`.

    Args:
        token: whose; the person at the machine where none is given.
    """
    with system.client() as client:
        if token:
            client.headers["authorization"] = f"Bearer {token}"
        return _filled(client)


def _filled(client: httpx2.Client) -> dict[str, str]:
    document = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)
    document_id = str(document["documentId"])
    flowchart = _post(client, f"/v1/documents/{document_id}/flowchart:generate", {})["flowchart"]
    quiz = _post(client, "/v1/quizzes:generate", {"documentId": document_id, "questionCount": 5})["quiz"]
    attempt = _post(client, f"/v1/quizzes/{quiz['quizId']}/attempts", {})["attempt"]
    video = _post(client, "/v1/videos", {"documentId": document_id, "targetDuration": "30s"})["video"]
    passages = ok(client.get(f"/v1/documents/{document_id}/passages", params={"pageSize": 1}))["passages"]
    edge = next(each for each in flowchart["edges"] if each["type"] == "PREREQUISITE")
    return {
        "document_id": document_id,
        "passage_id": passages[0]["passageId"],
        "node_id": edge["targetId"],
        "source_id": edge["sourceId"],
        "target_id": edge["targetId"],
        "quiz_id": quiz["quizId"],
        "question_id": quiz["questions"][0]["questionId"],
        "attempt_id": attempt["attemptId"],
        "video_id": video["videoId"],
    }


def _post(client: httpx2.Client, path: str, body: Any) -> Json:
    return ok(client.post(path, json=body))
