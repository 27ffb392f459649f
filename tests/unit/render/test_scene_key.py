"""A scene's key changes with all that its picture and voice depend on, and with nothing else."""

import pytest
from mootion.video.v1 import script_pb2, video_pb2

from tests.unit.render.good_scenes import lesson
from workers.render import part
from workers.render.part import scene_key
from workers.render.voice import EspeakVoice

SCENE = lesson()["bullets"]
P480, P720 = video_pb2.RESOLUTION_480P, video_pb2.RESOLUTION_720P


def changed(**fields: object) -> script_pb2.Scene:
    scene = script_pb2.Scene()
    scene.CopyFrom(SCENE)
    for name, value in fields.items():
        setattr(scene, name, value)
    return scene


def test_the_same_scene_has_the_same_key() -> None:
    copy = script_pb2.Scene.FromString(SCENE.SerializeToString())
    assert scene_key(SCENE, P480, "en") == scene_key(copy, P480, "en")
    assert len(scene_key(SCENE, P480, "en")) == 64


def test_identifier_and_citations_do_not_change_the_key() -> None:
    scene = changed(scene_id="another")
    scene.citations.add()
    assert scene_key(scene, P480, "en") == scene_key(SCENE, P480, "en")


def test_unspecified_resolution_and_language_are_their_defaults() -> None:
    assert scene_key(SCENE, video_pb2.RESOLUTION_UNSPECIFIED, "") == scene_key(SCENE, P480, "en")


def test_content_narration_resolution_language_and_voice_change_the_key() -> None:
    spoken = changed()
    spoken.narration[0] += " Again."
    keys = {
        scene_key(SCENE, P480, "en"),
        scene_key(changed(title="Other"), P480, "en"),
        scene_key(spoken, P480, "en"),
        scene_key(SCENE, P720, "en"),
        scene_key(SCENE, P480, "de"),
        scene_key(SCENE, P480, "en", EspeakVoice(rate=120)),
    }
    assert len(keys) == 6


def test_another_renderer_gives_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = scene_key(SCENE, P480, "en")
    monkeypatch.setattr(part, "renderer_version", lambda: "another")
    assert scene_key(SCENE, P480, "en") != before
