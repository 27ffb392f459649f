"""A job whose lease is lost, or whose worker stops, while its files are being written by a thread."""

import asyncio
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mootion.video.v1 import rendering_service_pb2 as messages

from workers.render import consumer
from workers.render.consumer import RenderConsumer


async def test_files_that_are_still_written_do_not_make_it_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, over, rmdir = threading.Event(), threading.Event(), os.rmdir

    def stitch(parts: object, title: str, folder: Path) -> None:
        writing.set()
        over.wait()

    def just_before(path: str, **how: Any) -> None:
        (Path(path) / "lesson.mp4").touch()
        rmdir(path, **how)

    monkeypatch.setattr(consumer, "stitch", stitch)
    monkeypatch.setattr(os, "rmdir", just_before)
    runtime: Any = SimpleNamespace()
    lease: Any = SimpleNamespace(body=messages.StitchVideoJob().SerializeToString())
    job = asyncio.create_task(RenderConsumer(runtime, tmp_path).handle_stitch(lease))
    await asyncio.to_thread(writing.wait)
    job.cancel()
    try:
        with pytest.raises(asyncio.CancelledError):
            await job
    finally:
        over.set()
