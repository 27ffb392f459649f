"""Texts on panels with a coloured strip: the form that points, steps, examples and options share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.render.box import Box
from workers.render.elements import Element, Panel, Words
from workers.render.flow import paged, require_whole_words, stacked
from workers.render.fonts import covered_or
from workers.render.palette import ACCENT, CALM, FOCUS, GHOST, SURFACE, SURFACE_RAISED, TEXT
from workers.render.storyboard import Item, Motion, Storyboard
from workers.render.text import TextBlock, TextStyle, natural_width, text_block

PADDING = 11.0
SIDE = 20.0
STRIP = 5.0
GAP = 10.0
WIDEST_GAP = 20.0
MARK_SPACE = 14.0
"""Space between a card's number or letter and its text."""


@dataclass(frozen=True)
class CardStyle:
    """How a row of cards looks: its texts, the colour of strips and marks, and the mark before each text."""

    text: TextStyle
    accent: str = ACCENT
    marks: tuple[str, ...] = ()

    def mark(self, index: int) -> str:
        """What stands before the text of the card at `index`; may be empty."""
        return self.marks[index] if index < len(self.marks) else ""

    @property
    def mark_style(self) -> TextStyle:
        """Style of the marks."""
        return TextStyle(self.text.size, 700)

    @property
    def mark_width(self) -> float:
        """Width taken by the marks and the space after them."""
        widest = max((natural_width(mark, self.mark_style) for mark in self.marks if mark), default=0.0)
        return widest + MARK_SPACE if widest else 0.0

    def text_width(self, card_width: float) -> float:
        """Width left for the text of a card."""
        return card_width - 2 * SIDE - self.mark_width


def tick() -> str:
    """The mark of a right answer and of a result."""
    return covered_or("✓", "=")


def card(block: TextBlock, box: Box, style: CardStyle, mark: str, bright: bool) -> list[Element]:
    """Panel, strip, mark and text of one card; `bright` while it is spoken of."""
    accent = FOCUS if bright else style.accent
    strip_x = box.right - STRIP if block.rtl else box.x
    text_x = box.x + SIDE + (0.0 if block.rtl else style.mark_width)
    top = box.y + (box.height - block.height) / 2
    elements: list[Element] = [
        Panel(box, SURFACE_RAISED if bright else SURFACE),
        Panel(Box(strip_x, box.y, STRIP, box.height), accent, STRIP / 2),
    ]
    if mark:
        letter = text_block(mark, style.mark_style, style.mark_width)
        x = box.right - SIDE - letter.width if block.rtl else box.x + SIDE
        elements.append(Words(letter, x, top, accent))
    elements.append(Words(block, text_x, top, TEXT if bright else CALM))
    return elements


def card_height(block: TextBlock) -> float:
    """Height of a card with this text."""
    return block.height + 2 * PADDING


def focus_card(board: Storyboard, block: TextBlock, box: Box, style: CardStyle, mark: str = "") -> None:
    """Shows a card at the present step, in focus until the next."""
    board.focus(card(block, box, style, mark, True), card(block, box, style, mark, False))


def foreshadow(board: Storyboard, boxes: Sequence[Box]) -> None:
    """Faint panels where cards will come, so that the picture shows from the beginning how much there is."""
    for box in boxes:
        board.show(Panel(box, GHOST), Motion.FADE, 0.15, level=-1)


def one_picture(
    board: Storyboard, area: Box, texts: Sequence[str], style: CardStyle, columns: int = 1
) -> None:
    """All cards on one picture, a step for each. Raises DoesNotFitError when they have no room."""
    fields = area.columns(columns, GAP * 1.6)
    width = style.text_width(fields[0].width)
    require_whole_words(texts, style.text, width)
    blocks = [text_block(text, style.text, width) for text in texts]
    rows = [blocks[start : start + columns] for start in range(0, len(blocks), columns)]
    heights = [max(card_height(block) for block in row) for row in rows]
    tops = stacked(heights, area, GAP, WIDEST_GAP)
    boxes = []
    for index in range(len(texts)):
        row, column = divmod(index, columns)
        field = fields[columns - 1 - column if blocks[0].rtl else column]
        boxes.append(Box(field.x, tops[row], field.width, heights[row]))
    foreshadow(board, boxes)
    for index, (text, block) in enumerate(zip(texts, blocks, strict=True)):
        board.step(text)
        focus_card(board, block, boxes[index], style, style.mark(index))


def several_pictures(
    board: Storyboard, area: Box, texts: Sequence[str], style: CardStyle, keep: Sequence[Item] = ()
) -> None:
    """The cards on as many pictures as they need, a step for each; `keep` stays when the picture changes."""
    blocks = [text_block(text, style.text, style.text_width(area.width)) for text in texts]
    marks = iter([style.mark(index) for index in range(len(blocks))])
    pages = paged(blocks, area.height - 2 * PADDING, GAP + 2 * PADDING)
    for number, page in enumerate(pages):
        if number:
            board.turn_page(keep)
        tops = stacked([card_height(block) for block in page], area, GAP, WIDEST_GAP)
        boxes = [
            Box(area.x, top, area.width, card_height(block)) for block, top in zip(page, tops, strict=True)
        ]
        for place, (block, box) in enumerate(zip(page, boxes, strict=True)):
            board.step(" ".join(line.text for line in block.lines), dwell=0.6 if place else page_dwell(page))
            if place == 0:
                foreshadow(board, boxes[1:])
            focus_card(board, block, box, style, next(marks) if block.first == 0 else "")


def page_dwell(blocks: Sequence[TextBlock]) -> float:
    """Least seconds that a picture with these texts is seen: a glance at each line."""
    return min(6.0, 1.2 + 0.3 * sum(len(block.lines) for block in blocks))
