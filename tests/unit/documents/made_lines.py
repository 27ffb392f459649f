"""Fragments, lines and blocks that the unit tests put together by hand."""

from workers.documents.blocks import Block, Kind
from workers.documents.lines import Fragment, Line, Page
from workers.documents.rows import lines_of

LETTER = 5.0  # points: width of a letter of the text below
SIZE = 10.0


def fragment(text: str, x: float = 50, y: float = 100, size: float = SIZE, **style: bool) -> Fragment:
    """A fragment whose letters are half as wide as high."""
    emphasis = [(0, len(text))] if style else []
    made = Fragment(text, x, x + len(text) * LETTER * size / SIZE, y, size, emphasis=emphasis)
    made.bold, made.italic = style.get("bold", False), style.get("italic", False)
    return made


def line(text: str, x: float = 50, y: float = 100, size: float = SIZE, page: int = 1, **style: bool) -> Line:
    """A line of one fragment."""
    return lines_of(page, 0, [fragment(text, x, y, size, **style)])[0]


def column(*texts: str, x: float = 50, y: float = 100, leading: float = 12, page: int = 1) -> list[Line]:
    """Lines below each other."""
    return lines_of(page, 0, [fragment(text, x, y + n * leading) for n, text in enumerate(texts)])


def page(number: int, *fragments: Fragment) -> Page:
    """A page of 600 by 800 points."""
    return Page(number, 600, 800, list(fragments))


def heading(text: str, level: int, page_number: int = 1) -> Block:
    """A heading block."""
    return Block(Kind.HEADING, text, [(page_number, 0)], level=level)


def paragraph(text: str, page_number: int = 1, kind: Kind = Kind.PARAGRAPH) -> Block:
    """A block of running text."""
    return Block(kind, text, [(page_number, 0)])
