"""Renders one scene: picture and voice as an MP4 part. The heavy libraries are imported when the first is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mootion.video.v1 import script_pb2, video_pb2

from workers.render.captions import Cue, cues_of
from workers.render.cleaning import clean
from workers.render.cost import check_cost
from workers.render.frame import FRAME_RATE, pixel_size
from workers.render.part import RenderedPart
from workers.render.timeline import Timeline, plan
from workers.render.voice import SAMPLE_RATE, EspeakVoice, Utterance, Voice

if TYPE_CHECKING:
    from workers.render.voice import Samples


def render_scene(
    scene: script_pb2.Scene,
    resolution: video_pb2.Resolution.ValueType,
    language: str,
    out_dir: Path,
    voice: Voice | None = None,
) -> RenderedPart:
    """Renders `scene` into the file `part.mp4` in `out_dir`, which must exist; nothing is written elsewhere.

    The same scene, resolution, language and voice give the same frames, samples and captions. Raises SceneError when
    the scene cannot be rendered however often it is tried, VoiceError when the voice failed this time.
    """
    check_cost(scene)

    from workers.render.encode import write_part
    from workers.render.layout import lay_out
    from workers.render.stage import Stage

    board = lay_out(scene, language)
    utterances = (voice or EspeakVoice()).say(narration(scene), language)
    timeline = plan(board.steps, utterances)
    size = pixel_size(resolution)
    path = out_dir / "part.mp4"
    write_part(path, Stage(board, timeline, size).frames(), soundtrack(utterances, timeline), size)
    cues = captions(utterances, timeline)
    return RenderedPart(path, scene.scene_id, clean(scene.title), timeline.duration, cues, board.notes)


def narration(scene: script_pb2.Scene) -> list[str]:
    """What is said: the scene's sentences without those that are empty."""
    return [text for sentence in scene.narration if (text := clean(sentence))]


def soundtrack(utterances: Sequence[Utterance], timeline: Timeline) -> Samples:
    """The voice with its pauses, as long as the part."""
    import numpy as np

    track = np.zeros(timeline.frames * SAMPLE_RATE // FRAME_RATE, np.float32)
    for utterance, start in zip(utterances, timeline.sentences, strict=True):
        first = round(start * SAMPLE_RATE)
        track[first : first + len(utterance.samples)] = utterance.samples
    return track


def captions(utterances: Sequence[Utterance], timeline: Timeline) -> list[Cue]:
    """Captions of the whole scene."""
    pairs = zip(utterances, timeline.sentences, strict=True)
    return [cue for utterance, start in pairs for cue in cues_of(utterance, start)]
