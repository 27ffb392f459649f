"""Draws the pictures of a storyboard: each object once by Manim's camera, then set together frame by frame.

A frame in which nothing moves costs nothing: it is the frame before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import cairo
import numpy as np
import numpy.typing as npt
from manim import VMobject
from manim.camera.camera import Camera

from workers.render.box import Box
from workers.render.elements import Element, Stroke, Symbols, Words
from workers.render.errors import SceneUnlayableError
from workers.render.frame import FRAME_RATE, WIDTH, PixelSize
from workers.render.geometry import name_of
from workers.render.mobjects import POINTS_PER_UNIT, build, drawn_stroke, extent
from workers.render.motion import Look, look_at
from workers.render.palette import BACKGROUND, rgb
from workers.render.storyboard import Item, Motion, Storyboard
from workers.render.timeline import Timeline

MEASURE_TOLERANCE = 1.0
"""Points by which a drawn text may differ from its measure."""

Pixels = npt.NDArray[np.uint8]

FADE_OUT = 0.32
"""Seconds at the end of a scene in which its picture fades."""


@dataclass(frozen=True)
class Layer:
    """A drawn object: its pixels, with transparency, and where their upper left corner stands."""

    surface: cairo.ImageSurface
    x: int
    y: int


@dataclass(frozen=True)
class Act:
    """Items that come and go together."""

    lead: Item
    items: tuple[Item, ...]


def draw(objects: Sequence[VMobject], size: PixelSize) -> Layer | None:
    """The objects as pixels; None when there is nothing to draw."""
    box = extent(objects)
    if box is None:
        return None
    x, y, width, height = _pixel_box(box, size)
    scale = POINTS_PER_UNIT * size.scale
    camera = Camera(
        background_opacity=0.0,
        pixel_width=width,
        pixel_height=height,
        frame_width=width / scale,
        frame_height=height / scale,
        frame_center=np.array(
            ((x + width / 2 - size.width / 2) / scale, (size.height / 2 - y - height / 2) / scale, 0.0)
        ),
    )
    camera.capture_mobjects(objects)
    pixels = np.ascontiguousarray(camera.pixel_array)
    return Layer(cairo.ImageSurface.create_for_data(pixels.data, cairo.FORMAT_ARGB32, width, height), x, y)


def _checked(element: Element) -> list[VMobject]:
    """The objects that draw `element`. Raises SceneUnlayableError unless texts stand where the layout measured them."""
    objects = build(element)
    drawn = extent(objects)
    if (
        isinstance(element, Words | Symbols)
        and drawn
        and not element.ink.inset(-MEASURE_TOLERANCE).contains(drawn)
    ):
        raise SceneUnlayableError(f"{name_of(element)} is drawn beside the place that was measured for it")
    return objects


def _pixel_box(box: Box, size: PixelSize) -> tuple[int, int, int, int]:
    """Left, top, width and height in whole pixels around `box`, with a pixel to spare."""
    shift = size.width / 2 - WIDTH / 2 * size.scale
    left = math.floor(box.x * size.scale + shift) - 1
    top = math.floor(box.y * size.scale) - 1
    right = math.ceil(box.right * size.scale + shift) + 1
    bottom = math.ceil(box.bottom * size.scale) + 1
    return left, top, right - left, bottom - top


def acts_of(board: Storyboard) -> list[Act]:
    """The board's items from back to front, those that come and go together as one."""

    def schedule(item: Item) -> tuple[object, ...]:
        single = id(item) if item.motion is Motion.DRAW else None
        return item.level, item.enter, item.leave, item.motion, item.delay, item.replaced, single

    ordered = sorted(board.items, key=lambda item: item.level)
    groups = [tuple(group) for _, group in groupby(ordered, schedule)]
    return [Act(group[0], group) for group in groups]


class Stage:
    """Pictures of one storyboard at one size."""

    def __init__(self, board: Storyboard, timeline: Timeline, size: PixelSize) -> None:
        self._board = board
        self._timeline = timeline
        self._size = size
        self._acts = acts_of(board)
        self._layers: dict[int, Layer | None] = {}
        self._surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, size.width, size.height)
        self._context = cairo.Context(self._surface)
        red, green, blue = rgb(BACKGROUND)
        self._background = cairo.SolidPattern(blue, green, red)

    def frames(self) -> Iterator[Pixels | None]:
        """Each picture as rows of red, green, blue and opacity; None where it is the one before.

        The array is reused: copy what is to be kept.
        """
        before: object = None
        for number in range(self._timeline.frames):
            time = number / FRAME_RATE
            looks = [look_at(act.lead, time, self._timeline.steps, self._board) for act in self._acts]
            fade = round(max(0.0, 1 - (self._timeline.duration - time) / FADE_OUT), 3)
            state = (looks, fade)
            if state == before:
                yield None
            else:
                before = state
                yield self._compose(looks, fade)

    def _compose(self, looks: Sequence[Look | None], fade: float) -> Pixels:
        self._context.set_source(self._background)
        self._context.paint()
        for index, look in enumerate(looks):
            if look is not None:
                self._paint(index, look)
        if fade:
            self._context.set_source(self._background)
            self._context.paint_with_alpha(fade)
        self._surface.flush()
        shape = (self._size.height, self._surface.get_stride() // 4, 4)
        pixels = np.frombuffer(self._surface.get_data(), np.uint8).reshape(shape)
        return pixels[:, : self._size.width]

    def _paint(self, index: int, look: Look) -> None:
        layer = self._layer(index, look)
        if layer is None:
            return
        context = self._context
        context.save()
        if look.shown < 1.0:
            width = layer.surface.get_width() * look.shown
            context.rectangle(layer.x, layer.y, width, layer.surface.get_height())
            context.clip()
        context.set_source_surface(layer.surface, layer.x, layer.y + look.shift * self._size.scale)
        context.paint_with_alpha(look.opacity)
        context.restore()

    def _layer(self, index: int, look: Look) -> Layer | None:
        element = self._acts[index].lead.element
        if look.drawn < 1.0 and isinstance(element, Stroke):
            return draw(drawn_stroke(element, look.drawn), self._size)
        if index not in self._layers:
            objects = [drawn for item in self._acts[index].items for drawn in _checked(item.element)]
            self._layers[index] = draw(objects, self._size)
        return self._layers[index]


def still(board: Storyboard, step: int, size: PixelSize) -> Pixels:
    """The picture at the end of `step`, without any motion."""
    stage = Stage(board, Timeline([], [], 0), size)
    rest = Look()
    looks = [rest if act.lead.is_visible(step) else None for act in acts_of(board)]
    return stage._compose(looks, 0.0).copy()
