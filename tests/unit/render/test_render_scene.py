"""A real scene becomes an MP4 part, and parts become a lesson that plays and seeks in a browser."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from mootion.video.v1 import script_pb2, video_pb2
from PIL import Image

from tests.unit.render.good_scenes import lesson
from workers.render.part import RenderedPart, part_from_message
from workers.render.scene import render_scene
from workers.render.stitch import Stitched, stitch

P480 = video_pb2.RESOLUTION_480P


def short(kind: str) -> script_pb2.Scene:
    scene = lesson()[kind]
    scene.scene_id = kind
    del scene.narration[2:]
    return scene


def rendered(kind: str, folder: Path) -> RenderedPart:
    folder.mkdir()
    return render_scene(short(kind), P480, "en", folder)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[RenderedPart]:
    folder = tmp_path_factory.mktemp("parts")
    return [rendered("title_card", folder / "0"), rendered("equation", folder / "1")]


@pytest.fixture(scope="module")
def lesson_file(parts: list[RenderedPart], tmp_path_factory: pytest.TempPathFactory) -> Stitched:
    return stitch(parts, "How plants make food", tmp_path_factory.mktemp("lesson"))


def frame_hashes(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [
            hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest() for frame in container.decode(video=0)
        ]


def sound(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def boxes(path: Path) -> Iterator[str]:
    """Names of the file's outermost MP4 boxes."""
    content, place = path.read_bytes(), 0
    while place < len(content):
        size = int.from_bytes(content[place : place + 4], "big")
        yield content[place + 4 : place + 8].decode()
        place += size


def test_a_part_has_h264_and_aac_of_exactly_its_length(parts: list[RenderedPart]) -> None:
    for part in parts:
        with av.open(str(part.path)) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            assert (video.codec_context.name, video.pix_fmt, audio.codec_context.name) == (
                "h264",
                "yuv420p",
                "aac",
            )
            assert (video.width, video.height, float(video.average_rate or 0)) == (854, 480, 25.0)
        assert len(frame_hashes(part.path)) / 25 == pytest.approx(part.duration_seconds)
        assert len(sound(part.path)) / 48_000 == pytest.approx(part.duration_seconds)


def test_the_same_scene_gives_the_same_frames_sound_and_captions(
    parts: list[RenderedPart], tmp_path: Path
) -> None:
    again = rendered("title_card", tmp_path / "again")
    assert frame_hashes(again.path) == frame_hashes(parts[0].path)
    assert np.array_equal(sound(again.path), sound(parts[0].path))
    assert again.cues == parts[0].cues


def test_nothing_is_written_outside_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    home.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    part = rendered("title_card", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [part.path.name]
    assert list(here.iterdir()) == list(home.iterdir()) == []


def test_captions_cover_the_speech_and_begin_with_it(parts: list[RenderedPart]) -> None:
    for part in parts:
        samples = sound(part.path)
        spoken = np.abs(samples) > 0.02
        covered = np.zeros(len(samples), bool)
        for cue in part.cues:
            covered[int(cue.start * 48_000) : int(cue.end * 48_000)] = True
        assert (spoken & covered).sum() >= 0.99 * spoken.sum()
        assert abs(np.flatnonzero(spoken)[0] / 48_000 - part.cues[0].start) < 0.2
        assert abs(np.flatnonzero(spoken)[-1] / 48_000 - part.cues[-1].end) < 0.2


def test_the_picture_changes_when_the_narration_does(parts: list[RenderedPart]) -> None:
    hashes = frame_hashes(parts[1].path)
    second = parts[1].cues[-1].start
    assert hashes[int((second - 0.4) * 25)] != hashes[int((second + 1.2) * 25)]


def test_a_part_survives_the_contract(parts: list[RenderedPart]) -> None:
    message = parts[1].message("scenes/key.mp4")
    restored = part_from_message(message, parts[1].path)
    assert (restored.cues, restored.title) == (parts[1].cues, "The quadratic formula")
    assert restored.duration_seconds == parts[1].duration_seconds


def test_the_lesson_has_its_index_first_and_a_keyframe_every_two_seconds(lesson_file: Stitched) -> None:
    order = list(boxes(lesson_file.video))
    assert order.index("moov") < order.index("mdat")
    with av.open(str(lesson_file.video)) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.pts is not None]
    keys = [(packet.pts or 0) * float(packet.time_base or 0) for packet in packets if packet.is_keyframe]
    assert keys[0] == 0.0
    assert max(np.diff(keys)) <= 2.0


def test_joining_neither_loses_nor_adds_a_frame_or_a_sample(
    lesson_file: Stitched, parts: list[RenderedPart]
) -> None:
    assert frame_hashes(lesson_file.video) == [name for part in parts for name in frame_hashes(part.path)]
    joined = np.concatenate([sound(part.path) for part in parts])
    assert np.array_equal(sound(lesson_file.video), joined)


def test_chapters_are_data_and_inside_the_file(lesson_file: Stitched, parts: list[RenderedPart]) -> None:
    titles = ["How Plants Make Food", "The quadratic formula"]
    assert [chapter.title for chapter in lesson_file.chapters] == titles
    assert (
        lesson_file.chapters[1].start_seconds
        == lesson_file.chapters[0].end_seconds
        == parts[0].duration_seconds
    )
    with av.open(str(lesson_file.video)) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == titles
        assert container.metadata["title"] == "How plants make food"


def test_captions_and_transcript_run_through_the_lesson(
    lesson_file: Stitched, parts: list[RenderedPart]
) -> None:
    assert lesson_file.cues[len(parts[0].cues)].start == parts[0].duration_seconds + parts[1].cues[0].start
    assert lesson_file.transcript.startswith("Every breath you take was made by a leaf.\n\nThis formula")
    assert lesson_file.captions.read_text(encoding="utf-8").startswith("WEBVTT\n")


def test_facts_are_those_of_the_file(lesson_file: Stitched) -> None:
    facts, content = lesson_file.file, lesson_file.video.read_bytes()
    assert facts.content_hash == hashlib.sha256(content).hexdigest()
    assert facts.size_bytes == len(content)
    assert (facts.video_codec, facts.audio_codec, facts.height, facts.frame_rate) == (
        "h264",
        "aac",
        480,
        25.0,
    )
    assert facts.bit_rate == pytest.approx(8 * len(content) / lesson_file.duration_seconds, rel=0.05)


def test_the_thumbnail_is_a_full_picture(lesson_file: Stitched) -> None:
    picture = np.asarray(Image.open(lesson_file.thumbnail).convert("L"))
    assert picture.shape == (480, 854)
    assert (picture > 120).mean() > 0.01


def test_parts_of_different_size_are_not_joined(parts: list[RenderedPart], tmp_path: Path) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    large = render_scene(short("title_card"), video_pb2.RESOLUTION_720P, "en", folder)
    with pytest.raises(ValueError, match="do not join"):
        stitch([parts[0], large], "Two sizes", tmp_path)


def test_no_part_is_no_lesson(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one part"):
        stitch([], "Nothing", tmp_path)
