"""Rectangles in picture points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle: left and top edge, width and height, in picture points with y downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Point in the middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def moved(self, dx: float, dy: float) -> Box:
        """The same rectangle elsewhere."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def inset(self, dx: float, dy: float | None = None) -> Box:
        """The rectangle with its edges moved inwards by `dx` and `dy` (default: the same)."""
        dy = dx if dy is None else dy
        return Box(self.x + dx, self.y + dy, self.width - 2 * dx, self.height - 2 * dy)

    def below(self, y: float) -> Box:
        """The part under the height `y`."""
        return Box(self.x, y, self.width, self.bottom - y)

    def contains(self, other: Box, tolerance: float = 0.0) -> bool:
        """Whether `other` is inside, give or take `tolerance` points."""
        return (
            other.x >= self.x - tolerance
            and other.y >= self.y - tolerance
            and other.right <= self.right + tolerance
            and other.bottom <= self.bottom + tolerance
        )

    def overlap(self, other: Box) -> tuple[float, float]:
        """Width and height of the part that both have; 0 where they are apart."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(0.0, width), max(0.0, height)

    def columns(self, count: int, gap: float) -> list[Box]:
        """The rectangle cut into `count` columns of equal width with `gap` points between them."""
        width = (self.width - gap * (count - 1)) / count
        return [Box(self.x + index * (width + gap), self.y, width, self.height) for index in range(count)]


def around(boxes: Iterable[Box]) -> Box:
    """The smallest rectangle around all of `boxes`. Raises ValueError when there is none."""
    found = list(boxes)
    if not found:
        raise ValueError("there is no rectangle around no boxes")
    x, y = min(box.x for box in found), min(box.y for box in found)
    return Box(x, y, max(box.right for box in found) - x, max(box.bottom for box in found) - y)
