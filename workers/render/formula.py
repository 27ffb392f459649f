"""Formulas: LaTeX set by ziamath, broken into lines where they are too wide.

The LaTeX is parsed into MathML by a parser without macros, files or program code. What it does not know is shown as
plain monospaced text, and the caller is told.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from workers.render.box import Box, around
from workers.render.latex_dialect import in_known_commands
from workers.render.pango import Outline, straight

SET_SIZE = 100.0
CAP_HEIGHT = 0.656
"""Height of a capital letter of STIX Two Math, as a part of the font size."""

LINE_GAP = 0.55
CONTINUATION_INDENT = 1.2
PIECE_GAP = 0.7
"""Most space that is set between two pieces of a line, for a font size of 1; a quad takes up to 2 more."""

MAX_LENGTH = 1000
MAX_NESTING = 12
MAX_LINES = 8

_TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|.", re.DOTALL)
_VIEW_BOX = re.compile(r'viewBox="(\S+) (\S+)')
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{(?:aligned|align\*?|split|gathered|gather\*?|equation\*?)\}")
_TEXT = re.compile(r"\\[a-zA-Z]+\s*(?:\{[^{}]*\})?")
_PROSE = re.compile(r"(?:(?<![A-Za-z\\])[A-Za-z]{3,}[,.]?\s+){3}")
"""Three words in a row outside of commands: set as a formula they would run together."""

_RELATIONS = frozenset(
    ["=", "<", ">", r"\le", r"\leq", r"\ge", r"\geq", r"\ne", r"\neq", r"\approx", r"\equiv", r"\sim", r"\to",
     r"\rightarrow", r"\Rightarrow", r"\implies", r"\iff", r"\Leftrightarrow", r"\propto", r"\rightleftharpoons",
     r"\longrightarrow", r"\leftrightarrow", r"\in", r"\subset", r"\subseteq", r"\mapsto"]
)  # fmt: skip
_ADDITIVE = frozenset(["+", "-", r"\pm", r"\mp", r"\cup", r"\cap", r"\land", r"\lor"])
_FACTORS = frozenset([r"\cdot", r"\times"])
_SEPARATORS = frozenset([",", ";", r"\quad", r"\qquad"])
"""A line is broken after these and before the others."""

_BREAKERS = (
    _SEPARATORS,
    _SEPARATORS | _RELATIONS,
    _SEPARATORS | _RELATIONS | _ADDITIVE,
    _SEPARATORS | _RELATIONS | _ADDITIVE | _FACTORS,
)
_SPACES_AT_END = re.compile(r"(?:\\q?quad|\s)+$")


class FormulaUnreadableError(Exception):
    """LaTeX that the parser does not know."""


@dataclass(frozen=True)
class Formula:
    """A set formula; coordinates are points from the upper left corner of its ink. `indents` are where its lines
    begin, for a font size of 1."""

    latex_lines: tuple[str, ...]
    size: float
    indents: tuple[float, ...]

    @property
    def cap_height(self) -> float:
        """Height of a capital letter on the formula's line, in points."""
        return self.size * CAP_HEIGHT

    @cached_property
    def _placed(self) -> list[tuple[Outline, float, float]]:
        """Each line's outline for a font size of 1 and where its origin stands."""
        outlines = [outline_of(latex) for latex in self.latex_lines]
        inks = [ink_of(outline) for outline in outlines]
        left = min(indent + ink.x for indent, ink in zip(self.indents, inks, strict=True))
        placed, top = [], 0.0
        for outline, ink, indent in zip(outlines, inks, self.indents, strict=True):
            placed.append((outline, indent - left, top - ink.y))
            top += ink.height + LINE_GAP
        return placed

    @cached_property
    def ink(self) -> Box:
        """The smallest rectangle around the formula; its corner is at 0, 0."""
        box = around(ink_of(outline).moved(x, y) for outline, x, y in self._placed)
        return Box(0.0, 0.0, box.width * self.size, box.height * self.size)

    @property
    def baseline(self) -> float:
        """Height of the first line's baseline below the upper edge."""
        return self._placed[0][2] * self.size

    def outlines(self) -> list[Outline]:
        """Outline of each line."""
        return [(outline + np.array((x, y))) * self.size for outline, x, y in self._placed]

    def scaled(self, size: float) -> Formula:
        """The same formula in another font size."""
        return Formula(self.latex_lines, size, self.indents)


def formula(latex: str, size: float, width: float) -> Formula:
    """`latex` at the font size `size`, in as many lines as `width` points ask for.

    Raises FormulaUnreadableError when it cannot be set, or when a piece that cannot be broken is wider than `width`.
    """
    room = width / size
    written = explicit_lines(latex)
    ahead = [width_of(before) if before.strip() else 0.0 for before, _ in written]
    lines: list[str] = []
    indents: list[float] = []
    for (before, after), own in zip(written, ahead, strict=True):
        indent = max(ahead) - own if before else 0.0
        pieces = _broken(before + after, room - indent, room - CONTINUATION_INDENT)
        lines += pieces
        indents += [indent] + [CONTINUATION_INDENT] * (len(pieces) - 1)
    if not lines or len(lines) > MAX_LINES:
        raise FormulaUnreadableError(f"the formula needs {len(lines)} lines; 1 to {MAX_LINES} can be shown")
    return Formula(tuple(lines), size, tuple(indents))


def explicit_lines(latex: str) -> list[tuple[str, str]]:
    """The lines that the formula's author made by `\\\\`, each as what stands before the mark that aligns it, and the
    rest."""
    flat = in_known_commands(_ENVIRONMENT.sub("", latex.strip().strip("$")))
    lines = [["", ""]]
    aligned = False
    for token, depth in _tokens(flat):
        if depth == 0 and token == r"\\":
            lines.append(["", ""])
            aligned = False
        elif depth == 0 and token == "&":
            if not aligned:
                lines[-1] = [lines[-1][1], ""]
            aligned = True
        else:
            lines[-1][1] += token
    return [(before, after.strip()) for before, after in lines if (before + after).strip()]


def _tokens(latex: str) -> list[tuple[str, int]]:
    """Each token with how deep in braces, `\\left`...`\\right` and environments it stands."""
    found, depth = [], 0
    for token in _TOKEN.findall(latex):
        if token in ("}", r"\right", r"\end", ")", "]"):
            depth = max(0, depth - 1)
        found.append((token, depth))
        if token in ("{", r"\left", r"\begin", "(", "["):
            depth += 1
        if depth > MAX_NESTING:
            raise FormulaUnreadableError(f"the formula is nested deeper than {MAX_NESTING}")
    return found


def _pieces(latex: str, breakers: frozenset[str]) -> list[str]:
    """The formula cut before each of `breakers` that stands outside of all brackets, after those that separate."""
    pieces, is_closed = [""], False
    for token, depth in _tokens(latex):
        separates = token in _SEPARATORS
        starts = not separates and token.strip() and (is_closed or token in breakers)
        if depth == 0 and starts and pieces[-1].strip():
            pieces.append("")
        if token.strip():
            is_closed = depth == 0 and separates and token in breakers
        pieces[-1] += token + (" " if token[0] == "\\" else "")
    return pieces


def _broken(latex: str, room: float, later_room: float) -> list[str]:
    """The formula in lines of at most `room`, then `later_room` font sizes."""
    if width_of(latex) <= room:
        return [latex]
    for breakers in _BREAKERS:
        lines = _packed(_pieces(latex, breakers), room, later_room)
        if lines is not None:
            return lines
    raise FormulaUnreadableError("the formula is wider than the picture and cannot be broken")


def _packed(pieces: list[str], room: float, later_room: float) -> list[str] | None:
    lines, width = [pieces[0]], width_of(pieces[0])
    for piece in pieces[1:]:
        width += width_of(piece) + PIECE_GAP + 2.0 * lines[-1].count("quad")
        if width <= (room if len(lines) == 1 else later_room):
            lines[-1] += piece
        else:
            lines.append(piece)
            width = width_of(piece)
    lines = [_SPACES_AT_END.sub("", line) for line in lines]
    rooms = [room] + [later_room] * (len(lines) - 1)
    fits = all(width_of(line) <= limit for line, limit in zip(lines, rooms, strict=True))
    return lines if fits else None


def width_of(latex: str) -> float:
    """Width of the formula's ink for a font size of 1."""
    return ink_of(outline_of(latex)).width


def ink_of(outline: Outline) -> Box:
    """The rectangle around an outline's points."""
    (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
    return Box(float(left), float(top), float(right - left), float(bottom - top))


@lru_cache(maxsize=512)
def outline_of(latex: str) -> Outline:
    """Outline of one line of LaTeX for a font size of 1; the origin is on the baseline.

    Raises FormulaUnreadableError for what the parser does not know or the mathematical font does not have.
    """
    if not latex.strip() or len(latex) > MAX_LENGTH:
        raise FormulaUnreadableError(f"a formula has 1 to {MAX_LENGTH} characters")
    if _PROSE.search(_TEXT.sub("", latex)):
        raise FormulaUnreadableError("the formula is a sentence")
    import ziamath.zmath
    from ziafont.config import config

    config.svg2 = False
    try:
        drawn = ziamath.zmath.Latex(latex, size=SET_SIZE)
        _check_known(drawn)
        svg = drawn.svg()
    except FormulaUnreadableError:
        raise
    except Exception as error:  # the parser has no common class of errors
        raise FormulaUnreadableError(f"the formula cannot be read: {type(error).__name__}") from error
    outline = _svg_outline(svg)
    if not outline.size or not np.isfinite(outline).all():
        raise FormulaUnreadableError("the formula is empty")
    return outline / SET_SIZE


def _check_known(drawn: Any) -> None:
    """Unknown commands come through as text with a backslash, unknown letters as empty boxes."""
    said = "".join(drawn.element.itertext())
    if "\\" in said:
        raise FormulaUnreadableError("the formula has a command that is not known")
    missing = [letter for letter in said if not letter.isspace() and not drawn.font.glyphindex(letter)]
    if missing:
        raise FormulaUnreadableError(f"the mathematical font has no {missing[0]!r}")


def _svg_outline(svg: str) -> Outline:
    """Cubic curves of every shape of an SVG picture."""
    import svgelements  # type: ignore[import-untyped]

    curves: list[Outline] = []
    for shape in svgelements.SVG.parse(io.StringIO(svg), reify=True).elements():
        if isinstance(shape, svgelements.Shape):
            path = svgelements.Path(shape)
            path.approximate_arcs_with_cubics()
            curves.extend(curve for segment in path for curve in _segment_curves(segment))
    corner = [float(number) for number in _VIEW_BOX.findall(svg)[0]]
    return np.vstack(curves) + corner if curves else np.empty((0, 2))


def _segment_curves(segment: Any) -> list[Outline]:
    import svgelements

    if isinstance(segment, svgelements.Move) or segment.start is None or segment.end is None:
        return []
    points = [np.array((point.x, point.y)) for point in segment if point is not None]
    if isinstance(segment, svgelements.CubicBezier):
        return [np.vstack(points)]
    if isinstance(segment, svgelements.QuadraticBezier):
        start, handle, end = points
        return [np.vstack((start, (start + 2 * handle) / 3, (2 * handle + end) / 3, end))]
    return [straight(first, last) for first, last in pairwise(points) if not np.array_equal(first, last)]
