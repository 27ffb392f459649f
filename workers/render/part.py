"""A rendered scene, and the key that it is stored under."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from mootion.video.v1 import rendering_service_pb2, script_pb2, video_pb2

from workers.render.captions import Cue
from workers.render.voice import EspeakVoice, Voice

LIBRARIES = ("manim", "manimpango", "pycairo", "av", "ziamath", "font-source-sans-pro", "espeakng-loader")
"""What changes pictures or sound when it changes."""


@dataclass(frozen=True)
class RenderedPart:
    """Picture and voice of one scene: an MP4 file, its length in seconds, captions timed from its beginning, and notes
    on what is not shown as written."""

    path: Path
    scene_id: str
    title: str
    duration_seconds: float
    cues: list[Cue]
    notes: list[str]

    def message(self, blob_key: str, from_cache: bool = False) -> rendering_service_pb2.RenderedScene:
        """The part as the contract has it, stored under `blob_key`."""
        return rendering_service_pb2.RenderedScene(
            scene_id=self.scene_id,
            title=self.title,
            blob_key=blob_key,
            duration_seconds=self.duration_seconds,
            cues=[
                rendering_service_pb2.Cue(start_seconds=cue.start, end_seconds=cue.end, text=cue.text)
                for cue in self.cues
            ],
            from_cache=from_cache,
        )


def part_from_message(scene: rendering_service_pb2.RenderedScene, path: Path) -> RenderedPart:
    """A stored part whose file was brought to `path`."""
    cues = [Cue(cue.start_seconds, cue.end_seconds, cue.text) for cue in scene.cues]
    return RenderedPart(path, scene.scene_id, scene.title, scene.duration_seconds, cues, [])


def scene_key(
    scene: script_pb2.Scene,
    resolution: video_pb2.Resolution.ValueType,
    language: str,
    voice: Voice | None = None,
) -> str:
    """SHA-256 in hexadecimal of all that the scene's part depends on: what is shown and said, resolution, language,
    voice, and the renderer itself. Identifier and citations of the scene are no part of it."""
    content = script_pb2.Scene()
    content.CopyFrom(scene)
    content.ClearField("scene_id")
    content.ClearField("citations")
    digest = hashlib.sha256(renderer_version().encode())
    name = (voice or EspeakVoice()).name
    digest.update(f"\0{int(resolution) or 1}\0{language or 'en'}\0{name}\0".encode())
    digest.update(content.SerializeToString(deterministic=True))
    return digest.hexdigest()


@cache
def renderer_version() -> str:
    """Changes with every change of this package's program text and of the libraries that draw and speak."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted([*folder.glob("*.py"), *folder.glob("kinds/*.py")]):
        if source.name not in ("__main__.py", "consumer.py"):
            digest.update(
                source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes() + b"\0"
            )
    for library in LIBRARIES:
        digest.update(f"{library} {_version(library)}\n".encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "absent"
