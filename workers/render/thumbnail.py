"""The picture that stands for a lesson."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

BEFORE_END = 0.6
"""Seconds before the end of a part at which everything is shown and nothing has faded yet."""

CANDIDATES = 8
CHANGED = 24
"""Difference in brightness, of 255, from the background that counts as ink."""


def write_thumbnail(parts: Sequence[Path], target: Path) -> None:
    """Writes the fullest of the first parts' last pictures as PNG."""
    pictures = [picture for path in parts[:CANDIDATES] if (picture := _last_picture(path)) is not None]
    if not pictures:
        raise ValueError("no part has a picture")
    best = max(pictures, key=_ink)
    from PIL import Image

    Image.fromarray(best).save(target, format="PNG", optimize=True)


def _last_picture(path: Path) -> npt.NDArray[np.uint8] | None:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.duration is None or stream.time_base is None:
            return None
        wanted = float(stream.duration * stream.time_base) - BEFORE_END
        container.seek(max(0, int(wanted / stream.time_base)), stream=stream)
        picture = None
        for frame in container.decode(stream):
            picture = frame
            if frame.time is not None and frame.time >= wanted:
                break
        return None if picture is None else np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8)


def _ink(picture: npt.NDArray[np.uint8]) -> float:
    """Part of the picture that differs from its corner."""
    grey = picture.astype(np.int16).mean(axis=2)
    return float((np.abs(grey - grey[0, 0]) > CHANGED).mean())
