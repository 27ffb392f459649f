"""Joins rendered parts into a lesson: MP4, captions, chapters, transcript and thumbnail. Nothing is encoded again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from mootion.video.v1 import video_pb2

from workers.render.captions import Cue, web_vtt
from workers.render.part import RenderedPart

if TYPE_CHECKING:
    import av

CHAPTER_BASE = Fraction(1, 1000)


@dataclass(frozen=True)
class Stitched:
    """A finished lesson: paths of its files, its chapters, what is said, and facts about the MP4 file."""

    video: Path
    captions: Path
    thumbnail: Path
    chapters: list[video_pb2.Chapter]
    cues: list[Cue]
    transcript: str
    duration_seconds: float
    file: video_pb2.VideoFile


def stitch(parts: Sequence[RenderedPart], title: str, out_dir: Path) -> Stitched:
    """Joins `parts`, in order, into `lesson.mp4`, `lesson.vtt` and `lesson.png` in `out_dir`, which must exist.

    Parts must be rendered in the same resolution. Raises ValueError when there is none or they differ in size.
    """
    if not parts:
        raise ValueError("a lesson has at least one part")
    from workers.render.thumbnail import write_thumbnail

    chapters, cues, start = [], [], 0.0
    for number, part in enumerate(parts):
        end = start + part.duration_seconds
        name = part.title or f"{number + 1}"
        chapters.append(video_pb2.Chapter(title=name, start_seconds=start, end_seconds=end))
        cues += [Cue(cue.start + start, cue.end + start, cue.text) for cue in part.cues]
        start = end
    video, captions, thumbnail = (out_dir / f"lesson.{suffix}" for suffix in ("mp4", "vtt", "png"))
    _join(parts, title, chapters, video)
    captions.write_text(web_vtt(cues), encoding="utf-8")
    write_thumbnail([part.path for part in parts], thumbnail)
    return Stitched(video, captions, thumbnail, chapters, cues, transcript_of(parts), start, facts_of(video))


def transcript_of(parts: Sequence[RenderedPart]) -> str:
    """What is said, a paragraph for each part."""
    said = (" ".join(cue.text.replace("\n", " ") for cue in part.cues) for part in parts)
    return "\n\n".join(paragraph for paragraph in said if paragraph)


def _join(
    parts: Sequence[RenderedPart], title: str, chapters: Sequence[video_pb2.Chapter], target: Path
) -> None:
    """Copies the parts' packets one after the other, with the index before the data."""
    import av

    options = {"movflags": "+faststart"}
    with av.open(str(target), "w", format="mp4", options=options) as output:
        with av.open(str(parts[0].path)) as first:
            video = output.add_stream_from_template(first.streams.video[0])
            audio = output.add_stream_from_template(first.streams.audio[0])
            size = (first.streams.video[0].width, first.streams.video[0].height)
        output.metadata["title"] = title
        output.set_chapters(
            [
                {
                    "id": number,
                    "start": round(chapter.start_seconds * 1000),
                    "end": round(chapter.end_seconds * 1000),
                    "time_base": CHAPTER_BASE,
                    "metadata": {"title": chapter.title},
                }
                for number, chapter in enumerate(chapters)
            ]
        )
        for part, chapter in zip(parts, chapters, strict=True):
            _copy(part.path, output, video, audio, chapter.start_seconds, size)


def _copy(
    path: Path,
    output: av.container.OutputContainer,
    video: av.VideoStream,
    audio: av.AudioStream,
    start: float,
    size: tuple[int, int],
) -> None:
    """Copies one part's packets, moved by `start` seconds.

    The AAC packet before the sound begins only fills the decoder. Every part begins and ends in silence, so the later
    parts do without theirs: the packet before it in the file serves as well, and no time is lost at the seam.
    """
    import av

    with av.open(str(path)) as source:
        picture = source.streams.video[0]
        if (picture.width, picture.height) != size:
            raise ValueError(
                f"parts of {size[0]} by {size[1]} and {picture.width} by {picture.height} do not join"
            )
        for packet in source.demux(picture, source.streams.audio[0]):
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            if packet.stream.type == "audio" and start and packet.pts < 0:
                continue
            shift = round(Fraction(start).limit_denominator(100_000) / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = video if packet.stream.type == "video" else audio
            output.mux(packet)


def facts_of(path: Path) -> video_pb2.VideoFile:
    """Facts about an MP4 file, read from the file itself."""
    import av

    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        return video_pb2.VideoFile(
            width=video.width,
            height=video.height,
            frame_rate=float(video.average_rate or 0),
            video_codec=video.codec_context.name,
            audio_codec=audio.codec_context.name,
            bit_rate=container.bit_rate,
            size_bytes=path.stat().st_size,
            content_hash=_sha256(path),
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
