"""Calls of the REST API that several tests make."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

from tests.e2e.told import told

Json = dict[str, Any]
SAMPLE = Path(__file__).parents[2] / "examples" / "waves-and-sound.pdf"


def ok(reply: httpx2.Response) -> Json:
    """The JSON body of a good reply."""
    assert reply.status_code == 200, told(reply)
    body: Json = reply.json()
    return body


def upload(client: httpx2.Client, data: bytes, filename: str) -> httpx2.Response:
    """Uploads a file."""
    return client.post("/v1/documents:upload", params={"filename": filename}, content=data)


def upload_and_wait(client: httpx2.Client, data: bytes, filename: str, seconds: float = 240) -> Json:
    """Uploads a file and returns the document when its processing has ended."""
    document_id = ok(upload(client, data, filename))["document"]["documentId"]
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        document: Json = ok(client.get(f"/v1/documents/{document_id}"))["document"]
        if document["state"] in ("READY", "FAILED"):
            return document
        time.sleep(0.05)
    raise AssertionError(f"not finished after {seconds} s: {document}")


def wait_for_video(client: httpx2.Client, video_id: str, seconds: float = 300) -> Json:
    """The video when its making has ended."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        video: Json = ok(client.get(f"/v1/videos/{video_id}"))["video"]
        if video["state"] not in ("QUEUED", "PROCESSING"):
            return video
        time.sleep(0.2)
    raise AssertionError(f"not finished after {seconds} s: {video}")


def events(client: httpx2.Client, path: str) -> Iterator[Json]:
    """The messages of an event stream, as they arrive."""
    with client.stream("GET", path) as reply:
        assert reply.status_code == 200, told(reply)
        assert reply.headers["content-type"].startswith("text/event-stream")
        for line in reply.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))


def reason(reply: httpx2.Response) -> str:
    """The reason of an error, checked to be a whole `google.rpc.Status` in JSON."""
    assert reply.headers["content-type"].startswith("application/json"), told(reply)
    status = reply.json()
    assert isinstance(status["code"], int)
    assert status["message"]
    info = next(detail for detail in status["details"] if detail["@type"].endswith("google.rpc.ErrorInfo"))
    assert info["domain"] == "mootion"
    return str(info["reason"])


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Waits for something that happens by itself."""
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, f"it did not happen within {seconds} s"
        time.sleep(0.05)
