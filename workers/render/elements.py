"""What a picture is made of. Coordinates are picture points with y downwards; colours are written `#RRGGBB`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from workers.render.box import Box, around
from workers.render.formula import Formula
from workers.render.text import TextBlock

Point = tuple[float, float]

ARROW_HEAD = 11.0
"""Length of an arrow's head in points."""


@dataclass(frozen=True)
class Words:
    """A block of text with its upper left corner at `x`, `y`."""

    block: TextBlock
    x: float
    y: float
    colour: str

    @cached_property
    def ink(self) -> Box:
        """The smallest rectangle around the letters."""
        return self.block.ink.moved(self.x, self.y)

    @property
    def cap_height(self) -> float:
        """Height of a capital letter in points."""
        return self.block.style.cap_height


@dataclass(frozen=True)
class Symbols:
    """A formula whose ink has its upper left corner at `x`, `y`."""

    formula: Formula
    x: float
    y: float
    colour: str

    @cached_property
    def ink(self) -> Box:
        """The smallest rectangle around the symbols."""
        return self.formula.ink.moved(self.x, self.y)

    @property
    def cap_height(self) -> float:
        """Height of a capital letter on the formula's line in points."""
        return self.formula.cap_height


@dataclass(frozen=True)
class Panel:
    """A filled rectangle with rounded corners, with or without a border."""

    box: Box
    fill: str | None
    radius: float = 10.0
    border: str | None = None
    border_width: float = 2.0

    @property
    def ink(self) -> Box:
        """The rectangle itself."""
        return self.box


@dataclass(frozen=True)
class Stroke:
    """A line through points, with an arrow's head at its end or not.

    `decoration` may be crossed by texts: a grid line, a rule behind a heading.
    """

    points: tuple[Point, ...]
    colour: str
    width: float = 2.5
    arrow: bool = False
    decoration: bool = False

    @cached_property
    def ink(self) -> Box:
        """The smallest rectangle around the points."""
        return around(Box(x, y, 0.0, 0.0) for x, y in self.points)


@dataclass(frozen=True)
class Disc:
    """A filled circle."""

    centre: Point
    radius: float
    fill: str

    @property
    def ink(self) -> Box:
        """The square around it."""
        x, y = self.centre
        return Box(x - self.radius, y - self.radius, 2 * self.radius, 2 * self.radius)


Element = Words | Symbols | Panel | Stroke | Disc
