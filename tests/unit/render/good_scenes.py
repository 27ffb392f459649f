"""One good scene of each kind, as a lesson on photosynthesis and equations."""

from pathlib import Path

from google.protobuf import text_format
from mootion.video.v1 import script_pb2 as script


def lesson() -> dict[str, script.Scene]:
    """A scene for each kind, by the name of the kind."""
    text = Path(__file__).with_name("good_scenes.textproto").read_text(encoding="utf-8")
    scenes = text_format.Parse(text, script.LessonScript()).scenes
    return {str(scene.WhichOneof("content")): scene for scene in scenes}
