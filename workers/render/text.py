"""Blocks of text: cleaned, wrapped to a width and measured in picture points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from workers.render.box import Box, around
from workers.render.fonts import MONOSPACED, cap_height, sans_family
from workers.render.frame import MIN_CAP_HEIGHT
from workers.render.pango import Font, Line, Outline, Setting, outline_lines, set_lines
from workers.render.scripts import unbreakable

Align = Literal["left", "centre", "right"]

LINE_SPACING = 1.26
ASCENT = 0.92
CLEARANCE = 0.04
"""Least space between the ink of two lines, as a part of the font size."""

ELLIPSIS = "…"


@dataclass(frozen=True)
class TextStyle:
    """How a text is set: font size in points, weight, monospaced or not."""

    size: float
    weight: int = 400
    monospaced: bool = False

    @property
    def font(self) -> Font:
        """The font that texts of this style are set in."""
        return Font(_family(self.monospaced), self.weight)

    @property
    def cap_height(self) -> float:
        """Height of a capital letter in points."""
        return self.size * cap_height(self.font.family)

    @property
    def line_height(self) -> float:
        """Points from one baseline to the next."""
        return self.size * LINE_SPACING

    def scaled(self, factor: float) -> TextStyle:
        """The same style in another size, never below the smallest readable one."""
        return replace(self, size=max(self.size * factor, smallest_size(self.monospaced)))


@lru_cache
def smallest_size(monospaced: bool = False) -> float:
    """Smallest readable font size in points; its capitals are `MIN_CAP_HEIGHT` high."""
    return MIN_CAP_HEIGHT / cap_height(_family(monospaced))


def _family(monospaced: bool) -> str:
    """The family of the style. The font of a Python package is registered before any text is set, because Pango
    does not see fonts that come later."""
    sans = sans_family()
    return MONOSPACED if monospaced else sans


@dataclass(frozen=True)
class TextBlock:
    """Lines of a text set to a width. Coordinates are points from the block's upper left corner.

    A block can be a part of a longer text: `first` and `last` are the lines of the whole that it shows.
    """

    text: str
    style: TextStyle
    wrap_width: float
    align: Align
    first: int
    last: int

    @cached_property
    def lines(self) -> list[Line]:
        """The lines shown, measured for a font size of 1."""
        return _set(self._setting)[self.first : self.last]

    @property
    def _setting(self) -> Setting:
        return Setting(self.text, self.style.font, self.wrap_width / self.style.size)

    @cached_property
    def rtl(self) -> bool:
        """Whether the text runs from right to left."""
        return bool(self.lines) and self.lines[0].rtl

    @cached_property
    def width(self) -> float:
        """Width of the longest line in points."""
        return max((line.advance for line in self.lines), default=0.0) * self.style.size

    @cached_property
    def baselines(self) -> list[float]:
        """Height of each line's baseline in points, downwards from the top."""
        heights, top = [], 0.0
        for line in self.lines:
            heights.append(top + self._above(line))
            top += self._above(line) + self._below(line)
        return heights

    @cached_property
    def height(self) -> float:
        """Height of all lines in points."""
        return sum(self._above(line) + self._below(line) for line in self.lines)

    def _above(self, line: Line) -> float:
        """Room over a baseline; more where letters or accents are taller than usual."""
        return max(ASCENT, -line.ink.y + CLEARANCE) * self.style.size

    def _below(self, line: Line) -> float:
        return max(LINE_SPACING - ASCENT, line.ink.bottom + CLEARANCE) * self.style.size

    def offset(self, line: Line) -> float:
        """Where a line starts, in points from the left edge of the wrapping width."""
        left, right = max(0.0, -line.ink.x), max(line.advance, line.ink.right)
        slack = self.wrap_width - (left + right) * self.style.size
        align = "right" if self.align == "left" and self.rtl else self.align
        return left * self.style.size + {"left": 0.0, "centre": slack / 2, "right": slack}[align]

    @cached_property
    def ink(self) -> Box:
        """The smallest rectangle around what is drawn; a point when nothing is."""
        size = self.style.size
        boxes = [
            Box(self.offset(line) + line.ink.x * size, base + line.ink.y * size,
                line.ink.width * size, line.ink.height * size)
            for line, base in zip(self.lines, self.baselines, strict=True)
            if line.ink.width > 0
        ]  # fmt: skip
        return around(boxes) if boxes else Box(0.0, 0.0, 0.0, 0.0)

    def outlines(self) -> list[Outline]:
        """Outline of each line in points from the block's upper left corner."""
        drawn = outline_lines(self._setting)[self.first : self.last]
        return [
            outline * self.style.size + (self.offset(line), base)
            for outline, line, base in zip(drawn, self.lines, self.baselines, strict=True)
        ]

    def part(self, first: int, last: int) -> TextBlock:
        """Only the lines from `first` up to `last` of this block."""
        return replace(self, first=self.first + first, last=min(self.first + last, self.last))


@lru_cache(maxsize=4096)
def _set(setting: Setting) -> list[Line]:
    return set_lines(setting)


def text_block(text: str, style: TextStyle, width: float, align: Align = "left") -> TextBlock:
    """`text` wrapped to `width` points; words longer than a line are broken."""
    setting = Setting(text, style.font, width / style.size)
    return TextBlock(text, style, width, align, 0, len(_set(setting)))


def balanced(text: str, style: TextStyle, width: float, align: Align = "left") -> TextBlock:
    """`text` in as few lines as `width` asks for, of about equal length. Right-to-left text keeps its full width."""
    block = text_block(text, style, width, align)
    if len(block.lines) < 2 or block.rtl or align != "left":
        return block
    narrow, wide = width / 2, width
    while wide - narrow > 4.0:
        middle = (narrow + wide) / 2
        if len(text_block(text, style, middle).lines) > len(block.lines):
            narrow = middle
        else:
            wide = middle
    return text_block(text, style, wide) if longest_word(text, style) <= wide else block


def unwrapped(text: str, style: TextStyle, most: float) -> TextBlock:
    """`text` in a block as narrow as it is, wrapped only where it is wider than `most` points."""
    return text_block(text, style, min(natural_width(text, style) + 1, most))


def natural_width(text: str, style: TextStyle) -> float:
    """Width in points that `text` takes when it is not wrapped."""
    lines = _set(Setting(text, style.font))
    return max(max(0.0, -line.ink.x) + max(line.advance, line.ink.right) for line in lines) * style.size


def longest_word(text: str, style: TextStyle) -> float:
    """Width in points of the widest word of `text`."""
    return max((natural_width(word, style) for word in unbreakable(text)), default=0.0)


def shortened(text: str, style: TextStyle, width: float, lines: int) -> TextBlock:
    """`text` in at most `lines` lines; what does not fit is replaced by an ellipsis."""
    block = text_block(text, style, width)
    while len(block.lines) > lines:
        kept = " ".join(line.text for line in block.lines[:lines]).rstrip(ELLIPSIS)
        words = kept.rsplit(" ", 1)
        shorter = words[0] if len(words) > 1 and len(words[0]) > len(kept) / 2 else kept[:-2]
        block = text_block(shorter.rstrip(" ,;:.") + ELLIPSIS, style, width)
    return block
