"""Writes pictures and sound as an MP4 part: H.264 and AAC with the same settings for every part, so that parts are
joined by copying."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

from workers.render.frame import FRAME_RATE, PixelSize
from workers.render.voice import SAMPLE_RATE

if TYPE_CHECKING:
    from workers.render.voice import Samples

KEYFRAME_INTERVAL = 50
"""Pictures from one keyframe to the next: 2 s, so that a player seeks at once."""

QUALITY = 23
AUDIO_BIT_RATE = 96_000
AAC_FRAME = 1024
SAMPLES_PER_PICTURE = SAMPLE_RATE // FRAME_RATE
PICTURES_PER_BLOCK = 8

AAC_OPTIONS = {"aac_coder": "fast", "aac_pns": "0"}
"""No noise substitution: it would make what is decoded depend on what was decoded before."""

X264_OPTIONS = {
    "preset": "superfast",
    "crf": str(QUALITY),
    "profile": "high",
    "bf": "0",
    "g": str(KEYFRAME_INTERVAL),
    "threads": "1",
    "x264-params": "scenecut=0:rc-lookahead=0:mbtree=0:stitchable=1",
}


def write_part(
    path: Path, pictures: Iterable[npt.NDArray[np.uint8] | None], samples: Samples, size: PixelSize
) -> None:
    """Writes the pictures, None for one that is the same as before, and the sound, which is cut or filled with silence
    to the pictures' length."""
    with av.open(str(path), "w", format="mp4") as container:
        writer = PartWriter(container, size)
        for number, picture in enumerate(pictures):
            writer.add_picture(picture)
            if (number + 1) % PICTURES_PER_BLOCK == 0:
                writer.add_sound(samples, (number + 1) * SAMPLES_PER_PICTURE)
        writer.finish()


class PartWriter:
    """An open part: pictures and sound are added in turn."""

    def __init__(self, container: av.container.OutputContainer, size: PixelSize) -> None:
        self._container = container
        self._video = container.add_stream("libx264", rate=FRAME_RATE, options=X264_OPTIONS)
        self._video.width, self._video.height, self._video.pix_fmt = size.width, size.height, "yuv420p"
        context = self._video.codec_context
        context.time_base = Fraction(1, FRAME_RATE)
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        self._audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono", options=AAC_OPTIONS)
        self._audio.codec_context.bit_rate = AUDIO_BIT_RATE
        self._reformatter = VideoReformatter()
        self._frame: av.VideoFrame | None = None
        self._pictures = 0
        self._samples = 0

    def add_picture(self, pixels: npt.NDArray[np.uint8] | None) -> None:
        """Adds a picture; None repeats the one before. Raises ValueError when there is none before."""
        if pixels is not None:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgba")
            self._frame = self._reformatter.reformat(
                frame, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
        if self._frame is None:
            raise ValueError("the first picture of a part is missing")
        self._frame.pts, self._frame.time_base = self._pictures, Fraction(1, FRAME_RATE)
        self._pictures += 1
        self._container.mux(self._video.encode(self._frame))

    def add_sound(self, samples: Samples, until: int) -> None:
        """Adds the samples up to number `until`; silence where there are none."""
        while self._samples + AAC_FRAME <= until:
            piece = samples[self._samples : self._samples + AAC_FRAME]
            padded = np.pad(piece, (0, AAC_FRAME - len(piece))).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(padded.reshape(1, -1), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, self._samples
            frame.time_base = Fraction(1, SAMPLE_RATE)
            self._samples += AAC_FRAME
            self._container.mux(self._audio.encode(frame))

    def finish(self) -> None:
        """Writes what the encoders still hold."""
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))
