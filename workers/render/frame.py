"""The picture's size, its safe area and the smallest text that may be shown.

Everything is laid out in picture points: 1/480 of the picture's height, so that a point is a pixel at 480p.
"""

from __future__ import annotations

from dataclasses import dataclass

from mootion.video.v1 import video_pb2

from workers.render.box import Box

HEIGHT = 480.0
WIDTH = HEIGHT * 16 / 9

SAFE = Box(38.0, 26.0, WIDTH - 76.0, HEIGHT - 26.0 - 58.0)
"""Where content may stand. The space below it is left for captions, which players lay over the picture."""

MIN_CAP_HEIGHT = 14.0
"""Smallest height of a capital letter in points, that is in pixels at 480p."""

FRAME_RATE = 25
"""Pictures a second. With 48 kHz sound 8 pictures last exactly as long as 15 AAC frames of 1024 samples."""

PIXEL_HEIGHTS: dict[video_pb2.Resolution.ValueType, int] = {
    video_pb2.RESOLUTION_UNSPECIFIED: 480,
    video_pb2.RESOLUTION_480P: 480,
    video_pb2.RESOLUTION_720P: 720,
    video_pb2.RESOLUTION_1080P: 1080,
}


@dataclass(frozen=True)
class PixelSize:
    """Size of the picture in pixels; both are even, as H.264 with 4:2:0 colour asks for."""

    width: int
    height: int

    @property
    def scale(self) -> float:
        """Pixels for one point."""
        return self.height / HEIGHT


def pixel_size(resolution: video_pb2.Resolution.ValueType) -> PixelSize:
    """Size of a picture of `resolution`; unspecified means 480p. Raises ValueError for an unknown one."""
    if resolution not in PIXEL_HEIGHTS:
        raise ValueError(f"resolution {resolution} is unknown; use RESOLUTION_480P, _720P or _1080P")
    height = PIXEL_HEIGHTS[resolution]
    return PixelSize(round(height * 16 / 9 / 2) * 2, height)
