"""A real render worker that draws nothing: a render takes as long as wanted, and a journal tells what it did."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from mootion.video.v1 import script_pb2, video_pb2

from mesh.config import Settings
from mesh.ports.queue import LEASE_SECONDS, Lease
from mesh.runtime import Runtime
from mesh.worker import Consumer, run_worker
from proofs.faults.worker_group import Process, WorkerGroup
from tests.integration.ports import journal, processes
from workers.render import consumer as rendering
from workers.render.consumer import SCENE_TOPIC, STITCH_TOPIC, RenderConsumer
from workers.render.part import RenderedPart
from workers.render.stitch import Stitched
from workers.workspace import workspace

MP4 = b"not a picture" * 100
DEADLY = "deadly"
READY, STARTED, REPORTED, CHILDREN = "ready", "started", "reported", "children"


@dataclass(frozen=True)
class Stub:
    """How a stub works.

    Args:
        folder: where its journals lie.
        seconds: how long a scene takes; a child process of the worker takes that time.
        lease_seconds: how soon another takes over from a worker that died.
    """

    folder: Path
    seconds: float
    lease_seconds: float = LEASE_SECONDS


def work(environment: Mapping[str, str], stub: Stub) -> None:
    """The `main` of a process: a render worker in a session of its own."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    setattr(rendering, "render_scene", StubRenderer(stub).render)  # noqa: B010 - typed as a constant
    setattr(rendering, "stitch", _stitch)  # noqa: B010
    with workspace(Settings.from_environment(environment).data_dir / "work") as folder:

        def consumers(runtime: Runtime) -> Sequence[Consumer]:
            renders = Noting(runtime, folder, stub.folder)
            scene = Consumer(SCENE_TOPIC, renders.handle_scene, renders.on_dead_scene)
            stitch = Consumer(STITCH_TOPIC, renders.handle_stitch, renders.on_dead_stitch)
            journal.append(stub.folder / READY, os.getpid(), time.time())
            return [replace(each, lease_seconds=stub.lease_seconds) for each in (scene, stitch)]

        run_worker("render-worker", consumers, one_at_a_time=True)


def group(environment: Mapping[str, str], stub: Stub) -> WorkerGroup:
    """Stub workers, none started yet."""

    def wait(process: Process) -> None:
        assert isinstance(process, BaseProcess)
        process.join()

    # A worker that still imports what it needs takes over from nobody.
    processes.preload(__name__, "proofs.__main__")
    return WorkerGroup(lambda: processes.start_main(work, environment, stub), wait)


@dataclass(frozen=True)
class Noting(RenderConsumer):
    """Notes when a scene is taken and when its worker is through with it."""

    journals: Path

    async def handle_scene(self, lease: Lease) -> None:
        """Works on one scene."""
        journal.append(self.journals / STARTED, lease.key, lease.token, os.getpid(), time.time())
        await super().handle_scene(lease)
        journal.append(self.journals / REPORTED, lease.key, lease.token, os.getpid(), time.time())


@dataclass(frozen=True)
class StubRenderer:
    """Stands in for `render_scene`."""

    stub: Stub

    def render(
        self,
        scene: script_pb2.Scene,
        resolution: video_pb2.Resolution.ValueType,
        language: str,
        out_dir: Path,
    ) -> RenderedPart:
        """Lets a child process take the time, in the worker's process group."""
        if DEADLY in scene.title:
            os.killpg(0, signal.SIGKILL)
        path = out_dir / "part.mp4"
        path.write_bytes(MP4[: len(MP4) // 2])
        with subprocess.Popen(["sleep", str(self.stub.seconds)]) as child:
            journal.append(self.stub.folder / CHILDREN, child.pid)
        path.write_bytes(MP4)
        return RenderedPart(path, scene.scene_id, scene.title, self.stub.seconds, [], [])


def _stitch(parts: Sequence[RenderedPart], title: str, out_dir: Path) -> Stitched:
    """Stands in for `stitch`."""
    paths = [out_dir / f"lesson.{suffix}" for suffix in ("mp4", "vtt", "png")]
    for path in paths:
        path.write_bytes(MP4)
    seconds = sum(part.duration_seconds for part in parts)
    file = video_pb2.VideoFile(width=854, height=480, size_bytes=len(MP4), content_hash="c0ffee")
    return Stitched(paths[0], paths[1], paths[2], [], [], title, seconds, file)
