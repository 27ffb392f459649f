"""Pieces of a page as they are drawn: fragments of text, and the lines they form."""

from dataclasses import dataclass, field

# A span of characters that is set in bold or italics: first character, one past the last.
Span = tuple[int, int]


@dataclass(slots=True)
class Style:
    """How a font looks, as far as its name, weight and angle tell."""

    bold: bool = False
    italic: bool = False


@dataclass(slots=True)
class Fragment:
    """Text drawn on one baseline without a wide gap. Lengths are points; `y` grows downwards from the page's
    top.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool = False
    italic: bool = False
    emphasis: list[Span] = field(default_factory=list)
    # Where smaller gaps part it: first character and left and right edge of each piece; empty for one piece.
    pieces: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    """Fragments of one column on one baseline, from left to right.

    `left` and `right` are the margins of the column it stands in, `column` numbers the columns of a page in
    reading order, and `cells` has the pieces that gaps part, each with its left edge, right edge and text.
    """

    page: int
    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    italic: bool
    emphasis: list[Span]
    cells: list[tuple[float, float, str]]
    column: int = 0
    left: float = 0.0
    right: float = 0.0


@dataclass(slots=True)
class Page:
    """What one page holds. `number` counts from 1.

    `needs_recognition` is set where pictures cover a page almost without text, or where its characters say
    nothing outside their fonts.
    """

    number: int
    width: float
    height: float
    fragments: list[Fragment]
    needs_recognition: bool = False
