"""A question to answer before the result is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import (
    GAP,
    CardStyle,
    card,
    card_height,
    focus_card,
    foreshadow,
    several_pictures,
    tick,
)
from workers.render.elements import Element, Panel, Words
from workers.render.flow import body_styles, require, require_whole_words, stacked
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.palette import FOCUS, GREEN, SKY, SURFACE_RAISED, TEXT
from workers.render.storyboard import Item, Motion, Storyboard
from workers.render.text import TextBlock, TextStyle, balanced, text_block

LETTERS = ("A", "B", "C", "D", "E", "F")
THINKING_SECONDS = 3.5
BAR_HEIGHT = 5.0
"""Height of the bar that runs out while the learner thinks."""

QUESTION_SCALE = 1.12


@dataclass(frozen=True)
class Placed:
    """An option's text and the card it stands in."""

    block: TextBlock
    box: Box
    letter: str


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """Question, options and answer on one picture, else one after the other."""
    for style in body_styles():
        yield from (partial(_one_picture, scene, style, columns) for columns in (2, 1))
    for style in body_styles()[1:]:
        yield from (partial(_answer_apart, scene, style, columns) for columns in (2, 1))
    yield from (partial(_pages, scene, style) for style in body_styles()[2:])


def _option_rows(options: Sequence[str], style: TextStyle, area: Box, columns: int) -> list[list[TextBlock]]:
    cards = CardStyle(style, SKY, LETTERS)
    width = cards.text_width(area.columns(columns, GAP * 1.6)[0].width)
    require_whole_words(options, style, width)
    blocks = [text_block(option, style, width) for option in options]
    return [blocks[start : start + columns] for start in range(0, len(blocks), columns)]


def _place_options(
    rows: list[list[TextBlock]], tops: Sequence[float], area: Box, columns: int
) -> list[Placed]:
    placed: list[Placed] = []
    fields = area.columns(columns, GAP * 1.6)
    for row, top in zip(rows, tops, strict=True):
        height = max(card_height(block) for block in row)
        for place, block in enumerate(row):
            field = fields[columns - 1 - place if block.rtl else place]
            box = Box(field.x, top, field.width, height)
            placed.append(Placed(block, box, LETTERS[len(placed)]))
    return placed


def _one_picture(scene: script_pb2.Scene, style: TextStyle, columns: int) -> Storyboard:
    return _picture(scene, style, columns, answer_apart=False)


def _answer_apart(scene: script_pb2.Scene, style: TextStyle, columns: int) -> Storyboard:
    return _picture(scene, style, columns, answer_apart=True)


def _picture(scene: script_pb2.Scene, style: TextStyle, columns: int, answer_apart: bool) -> Storyboard:
    board, content = Storyboard(), scene.checkpoint
    area, heading = open_scene(board, _title(scene))
    question_style = TextStyle(style.size * QUESTION_SCALE, 600)
    require_whole_words([content.question], question_style, area.width)
    question = balanced(content.question, question_style, area.width)
    rows = _option_rows(content.options, style, area, columns)
    answer_cards = CardStyle(style, GREEN, (tick(),))
    answer = text_block(content.answer, style, answer_cards.text_width(area.width))
    here = bool(content.answer) and not answer_apart
    heights = [question.height + 4, BAR_HEIGHT, *(max(card_height(block) for block in row) for row in rows)]
    if here:
        require_whole_words([content.answer], style, answer_cards.text_width(area.width))
        heights.append(card_height(answer))
    tops = stacked(heights, area, GAP, 20.0)
    board.show(Words(question, area.x, tops[0], TEXT), Motion.RISE, 0.2)
    options = _place_options(rows, tops[2 : 2 + len(rows)], area, columns)
    cards = CardStyle(style, SKY, LETTERS)
    foreshadow(board, [option.box for option in options])
    items = _show_options(board, options, cards)
    _think(board, Box(area.x, tops[1], area.width, BAR_HEIGHT))
    board.step(_spoken_answer(content))
    _reveal(board, content.answer_index, options, items, cards)
    if here:
        focus_card(board, answer, Box(area.x, tops[-1], area.width, heights[-1]), answer_cards, tick())
    elif content.answer:
        board.turn_page(heading)
        several_pictures(board, area, [content.answer], answer_cards, heading)
    return board


def _title(scene: script_pb2.Scene) -> str:
    """The heading, unless it only repeats the question."""
    return "" if scene.title.casefold() == scene.checkpoint.question.casefold() else scene.title


def _spoken_answer(content: script_pb2.CheckpointContent) -> str:
    right = content.options[content.answer_index] if content.answer_index < len(content.options) else ""
    return f"{right} {content.answer}"


def _show_options(board: Storyboard, options: Sequence[Placed], cards: CardStyle) -> list[list[Item]]:
    """All options at once, the moment the narration comes to them."""
    if options:
        board.step(" ".join(option.block.text for option in options))
    shown = []
    for number, option in enumerate(options):
        elements = card(option.block, option.box, cards, option.letter, False)
        shown.append([board.show(element, Motion.RISE, 0.12 * number) for element in elements])
    return shown


def _think(board: Storyboard, box: Box) -> None:
    """A silence in which a bar runs out."""
    board.step("", dwell=THINKING_SECONDS, silent=True)
    board.show(Panel(box, FOCUS, box.height / 2), Motion.DRAIN).leave = board.now + 1


def _reveal(
    board: Storyboard, answer: int, options: Sequence[Placed], items: list[list[Item]], cards: CardStyle
) -> None:
    """The right option gets a border and a bright text."""
    if answer >= len(options):
        return
    right = options[answer]
    bright: list[Element] = [
        Panel(right.box, SURFACE_RAISED, border=GREEN, border_width=3.0)
        if isinstance(element, Panel) and element.box == right.box
        else _in_green(element)
        for element in card(right.block, right.box, cards, right.letter, True)
    ]
    for item, element in zip(items[answer], bright, strict=True):
        board.replace(item, element)


def _in_green(element: Element) -> Element:
    match element:
        case Panel(box=box):
            return Panel(box, GREEN, box.width / 2)
        case Words(block=block, x=x, y=y, colour=colour):
            return Words(block, x, y, GREEN if colour == FOCUS else TEXT)
    return element


def _pages(scene: script_pb2.Scene, style: TextStyle) -> Storyboard:
    board, content = Storyboard(), scene.checkpoint
    area, heading = open_scene(board, _title(scene))
    room = Box(area.x, area.y, area.width, area.height - BAR_HEIGHT - GAP)
    several_pictures(
        board, room, [content.question], CardStyle(TextStyle(style.size, 600), SKY, ("?",)), heading
    )
    if content.options:
        board.turn_page(heading)
        several_pictures(board, room, list(content.options), CardStyle(style, SKY, LETTERS), heading)
    _think(board, Box(area.x, area.bottom - BAR_HEIGHT, area.width, BAR_HEIGHT))
    board.turn_page(heading)
    answers = [content.options[content.answer_index]] if content.answer_index < len(content.options) else []
    answers += [content.answer] if content.answer else []
    require(bool(answers) or not content.options, "there is no answer to show")
    if answers:
        several_pictures(board, area, answers, CardStyle(style, GREEN, (tick(),) * len(answers)), heading)
    return board
