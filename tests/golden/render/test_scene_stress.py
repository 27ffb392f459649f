"""Every kind of scene with twenty hostile texts: readable at every resolution, captioned, and the same each time."""

import hashlib
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from mootion.video.v1 import video_pb2

from tests.golden.render.hostile_scenes import KINDS, TEXTS, scene_of
from workers.render.errors import ScriptNotCoveredError
from workers.render.fonts import is_covered
from workers.render.frame import SAFE, WIDTH, pixel_size
from workers.render.geometry import check_storyboard
from workers.render.layout import lay_out
from workers.render.palette import BACKGROUND, rgb
from workers.render.scene import captions, narration, render_scene
from workers.render.stage import still
from workers.render.storyboard import Storyboard
from workers.render.timeline import plan
from workers.render.voice import EspeakVoice

RESOLUTIONS = (video_pb2.RESOLUTION_480P, video_pb2.RESOLUTION_720P, video_pb2.RESOLUTION_1080P)
DRAWN = ("long sentence", "no spaces", "Chinese", "Arabic", "stacked accents")
RENDERED = (("graph", "one word"), ("checkpoint", "mixed directions"), ("equation", "symbols"))


UNCOVERED = [name for name in ("Chinese", "Japanese") if not is_covered(TEXTS[name][0])]
"""Texts whose script no installed font shows; such scenes are refused."""

SHOWN = [name for name in TEXTS if name not in UNCOVERED]


@cache
def laid_out(kind: str, name: str) -> Storyboard:
    return lay_out(scene_of(kind, TEXTS[name]))


@pytest.mark.parametrize("kind", KINDS)
def test_no_hostile_text_leaves_a_fault(kind: str) -> None:
    for name in SHOWN:
        board = laid_out(kind, name)
        assert check_storyboard(board) == [], name
        assert board.steps, name


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_drawn_outside_of_the_safe_area(
    kind: str, resolution: video_pb2.Resolution.ValueType
) -> None:
    size = pixel_size(resolution)
    background = np.array([round(part * 255) for part in rgb(BACKGROUND)])
    edge = 2 / size.scale + 1.0
    for name in set(DRAWN) & set(SHOWN):
        board = laid_out(kind, name)
        picture = still(board, len(board.steps) - 1, size)[:, :, :3].astype(int)
        rows, columns = np.nonzero(np.abs(picture - background).max(axis=2) > 12)
        shift = size.width / 2 - WIDTH / 2 * size.scale
        assert rows.size, name
        assert rows.min() / size.scale >= SAFE.y - edge, name
        assert (rows.max() + 1) / size.scale <= SAFE.bottom + edge, name
        assert (columns.min() - shift) / size.scale >= SAFE.x - edge, name
        assert (columns.max() + 1 - shift) / size.scale <= SAFE.right + edge, name


def test_captions_cover_what_is_said_of_every_text() -> None:
    for name in SHOWN:
        scene = scene_of("bullets", TEXTS[name])
        utterances = EspeakVoice().say(narration(scene), "en")
        timeline = plan(laid_out("bullets", name).steps, utterances)
        cues = captions(utterances, timeline)
        said = sum(utterance.duration for utterance in utterances)
        assert sum(cue.end - cue.start for cue in cues) >= 0.99 * said, name
        for utterance, start in zip(utterances, timeline.sentences, strict=True):
            if utterance.words:
                assert min(abs(cue.start - start) for cue in cues) < 0.2, name


@pytest.mark.parametrize("name", UNCOVERED)
def test_a_text_without_a_font_is_refused(name: str) -> None:
    with pytest.raises(ScriptNotCoveredError, match="install fonts-noto-cjk"):
        lay_out(scene_of("bullets", TEXTS[name]))


@pytest.mark.parametrize(("kind", "name"), RENDERED)
def test_hostile_scenes_render_the_same_twice(kind: str, name: str, tmp_path: Path) -> None:
    hashes = []
    for attempt in ("first", "second"):
        folder = tmp_path / attempt
        folder.mkdir()
        part = render_scene(scene_of(kind, TEXTS[name]), video_pb2.RESOLUTION_480P, "en", folder)
        with av.open(str(part.path)) as container:
            frames = [
                hashlib.sha256(frame.to_ndarray().tobytes()).digest() for frame in container.decode(video=0)
            ]
        assert len(frames) / 25 == pytest.approx(part.duration_seconds)
        hashes.append(frames)
    assert hashes[0] == hashes[1]
