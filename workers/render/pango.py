"""Text set by Pango: measured, wrapped and turned into outlines by one and the same engine.

Manim's `Text` calls the same library but neither wraps nor measures without writing and reading back an SVG file, and
it takes about a millisecond for each letter. The few functions needed are bound here through ctypes; the shared
libraries are the ones Manim's own text engine is linked to.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.render.box import Box

Outline = npt.NDArray[np.float64]
"""Cubic curves as rows (x, y), four rows for each curve: start, two handles, end."""

UNIT = 1024.0
EM = 200.0
WRAP_WORD_CHAR = 2
RECORDING_ALPHA = 0x2000
HINT_NONE = 1
HINT_METRICS_OFF = 1
MOVE, LINE, CURVE, CLOSE = range(4)
DIRECTION_RTL = 1


class Rectangle(ctypes.Structure):
    """PangoRectangle."""

    _fields_ = (("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int))


class LayoutLine(ctypes.Structure):
    """The public head of PangoLayoutLine."""

    _fields_ = (
        ("layout", ctypes.c_void_p),
        ("start_index", ctypes.c_int),
        ("length", ctypes.c_int),
        ("runs", ctypes.c_void_p),
        ("flags", ctypes.c_uint),
    )


class Path(ctypes.Structure):
    """cairo_path_t."""

    _fields_ = (("status", ctypes.c_int), ("data", ctypes.c_void_p), ("count", ctypes.c_int))


@dataclass(frozen=True)
class Font:
    """A font to set text in: family, weight from 100 to 900."""

    family: str
    weight: int = 400


@dataclass(frozen=True)
class Line:
    """A set line, for a font size of 1: where its ink is, from the baseline's left end, and what it says."""

    ink: Box
    advance: float
    height: float
    text: str
    rtl: bool


@dataclass(frozen=True)
class Setting:
    """What is set and how: `width` is the wrapping width as a multiple of the font size; None: one line."""

    text: str
    font: Font
    width: float | None = None


@cache
def _libraries() -> tuple[ctypes.CDLL, ctypes.CDLL, ctypes.CDLL, ctypes.CDLL]:
    """Pango, PangoCairo, Cairo and GObject with their argument types. Raises OSError when they are not there."""
    pango = ctypes.CDLL("libpango-1.0.so.0")
    pangocairo = ctypes.CDLL("libpangocairo-1.0.so.0")
    cairo = ctypes.CDLL("libcairo.so.2")
    gobject = ctypes.CDLL("libgobject-2.0.so.0")
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    signatures: list[tuple[ctypes.CDLL, str, Any, list[Any]]] = [
        (cairo, "cairo_recording_surface_create", pointer, [integer, pointer]),
        (cairo, "cairo_create", pointer, [pointer]),
        (cairo, "cairo_destroy", None, [pointer]),
        (cairo, "cairo_surface_destroy", None, [pointer]),
        (cairo, "cairo_new_path", None, [pointer]),
        (cairo, "cairo_move_to", None, [pointer, ctypes.c_double, ctypes.c_double]),
        (cairo, "cairo_copy_path", ctypes.POINTER(Path), [pointer]),
        (cairo, "cairo_path_destroy", None, [ctypes.POINTER(Path)]),
        (cairo, "cairo_font_options_create", pointer, []),
        (cairo, "cairo_font_options_destroy", None, [pointer]),
        (cairo, "cairo_font_options_set_hint_style", None, [pointer, integer]),
        (cairo, "cairo_font_options_set_hint_metrics", None, [pointer, integer]),
        (gobject, "g_object_unref", None, [pointer]),
        (pangocairo, "pango_cairo_create_layout", pointer, [pointer]),
        (pangocairo, "pango_cairo_layout_line_path", None, [pointer, pointer]),
        (pangocairo, "pango_cairo_context_set_font_options", None, [pointer, pointer]),
        (pango, "pango_layout_get_context", pointer, [pointer]),
        (pango, "pango_layout_context_changed", None, [pointer]),
        (pango, "pango_context_set_round_glyph_positions", None, [pointer, integer]),
        (pango, "pango_font_description_new", pointer, []),
        (pango, "pango_font_description_free", None, [pointer]),
        (pango, "pango_font_description_set_family", None, [pointer, ctypes.c_char_p]),
        (pango, "pango_font_description_set_weight", None, [pointer, integer]),
        (pango, "pango_font_description_set_absolute_size", None, [pointer, ctypes.c_double]),
        (pango, "pango_layout_set_font_description", None, [pointer, pointer]),
        (pango, "pango_layout_set_text", None, [pointer, ctypes.c_char_p, integer]),
        (pango, "pango_layout_set_width", None, [pointer, integer]),
        (pango, "pango_layout_set_wrap", None, [pointer, integer]),
        (pango, "pango_layout_get_line_count", integer, [pointer]),
        (pango, "pango_layout_get_line_readonly", ctypes.POINTER(LayoutLine), [pointer, integer]),
        (pango, "pango_layout_line_get_extents", None, [ctypes.POINTER(LayoutLine), pointer, pointer]),
        (pango, "pango_layout_get_unknown_glyphs_count", integer, [pointer]),
    ]
    for library, name, result, arguments in signatures:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return pango, pangocairo, cairo, gobject


@contextmanager
def _layout(setting: Setting) -> Iterator[tuple[ctypes.c_void_p, ctypes.c_void_p]]:
    """A drawing context and a Pango layout of `setting` at the size `EM`."""
    pango, pangocairo, cairo, gobject = _libraries()
    surface = cairo.cairo_recording_surface_create(RECORDING_ALPHA, None)
    context = cairo.cairo_create(surface)
    layout = pangocairo.pango_cairo_create_layout(context)
    try:
        _switch_hinting_off(layout)
        _set_font(layout, setting.font)
        encoded = setting.text.encode()
        pango.pango_layout_set_wrap(layout, WRAP_WORD_CHAR)
        pango.pango_layout_set_width(layout, -1 if setting.width is None else int(setting.width * EM * UNIT))
        pango.pango_layout_set_text(layout, encoded, len(encoded))
        yield context, layout
    finally:
        gobject.g_object_unref(layout)
        cairo.cairo_destroy(context)
        cairo.cairo_surface_destroy(surface)


def _switch_hinting_off(layout: ctypes.c_void_p) -> None:
    """Letters get the same proportions at every size, so that a measure holds for each resolution."""
    pango, pangocairo, cairo, _ = _libraries()
    options = cairo.cairo_font_options_create()
    cairo.cairo_font_options_set_hint_style(options, HINT_NONE)
    cairo.cairo_font_options_set_hint_metrics(options, HINT_METRICS_OFF)
    context = pango.pango_layout_get_context(layout)
    pangocairo.pango_cairo_context_set_font_options(context, options)
    pango.pango_context_set_round_glyph_positions(context, 0)
    pango.pango_layout_context_changed(layout)
    cairo.cairo_font_options_destroy(options)


def _set_font(layout: ctypes.c_void_p, font: Font) -> None:
    pango, _, _, _ = _libraries()
    description = pango.pango_font_description_new()
    pango.pango_font_description_set_family(description, font.family.encode())
    pango.pango_font_description_set_weight(description, font.weight)
    pango.pango_font_description_set_absolute_size(description, EM * UNIT)
    pango.pango_layout_set_font_description(layout, description)
    pango.pango_font_description_free(description)


def _lines(layout: ctypes.c_void_p) -> Iterator[Any]:
    pango, _, _, _ = _libraries()
    for index in range(pango.pango_layout_get_line_count(layout)):
        yield pango.pango_layout_get_line_readonly(layout, index)


def set_lines(setting: Setting) -> list[Line]:
    """The lines that `setting` breaks into, measured for a font size of 1."""
    pango, _, _, _ = _libraries()
    encoded = setting.text.encode()
    lines = []
    with _layout(setting) as (_, layout):
        for line in _lines(layout):
            ink, logical = Rectangle(), Rectangle()
            pango.pango_layout_line_get_extents(line, ctypes.byref(ink), ctypes.byref(logical))
            head = line.contents
            text = encoded[head.start_index : head.start_index + head.length].decode()
            scale = 1 / (UNIT * EM)
            box = Box(ink.x * scale, ink.y * scale, ink.width * scale, ink.height * scale)
            rtl = (head.flags >> 1) & 7 == DIRECTION_RTL
            lines.append(Line(box, logical.width * scale, logical.height * scale, text.strip(), rtl))
    return lines


def outline_lines(setting: Setting) -> list[Outline]:
    """Outline of each line of `setting` for a font size of 1, from the baseline's left end."""
    _, pangocairo, cairo, _ = _libraries()
    outlines = []
    with _layout(setting) as (context, layout):
        for line in _lines(layout):
            cairo.cairo_new_path(context)
            cairo.cairo_move_to(context, 0.0, 0.0)
            pangocairo.pango_cairo_layout_line_path(context, ctypes.cast(line, ctypes.c_void_p))
            path = cairo.cairo_copy_path(context)
            outlines.append(_curves(path.contents) / EM)
            cairo.cairo_path_destroy(path)
    return outlines


def _curves(path: Path) -> Outline:
    """A Cairo path as cubic curves; straight pieces become cubic ones, open pieces are closed."""
    if path.count == 0:
        return np.empty((0, 2))
    raw = ctypes.string_at(path.data, path.count * 16)
    numbers = np.frombuffer(raw, np.float64).reshape(-1, 2)
    heads = np.frombuffer(raw, np.int32).reshape(-1, 4)
    curves: list[npt.NDArray[np.float64]] = []
    start = current = np.zeros(2)
    index = 0
    while index < len(heads):
        kind, length = int(heads[index, 0]), int(heads[index, 1])
        points = numbers[index + 1 : index + length]
        if kind == MOVE:
            start = current = points[0]
        elif kind == CURVE:
            curves.append(np.vstack((current, points)))
            current = points[2]
        else:
            end = points[0] if kind == LINE else start
            if current[0] != end[0] or current[1] != end[1]:
                curves.append(straight(current, end))
            current = end
        index += length
    return np.vstack(curves) if curves else np.empty((0, 2))


def straight(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> Outline:
    """A straight line as a cubic curve."""
    return np.vstack((start, (2 * start + end) / 3, (start + 2 * end) / 3, end))


def unknown_glyphs(text: str, font: Font) -> int:
    """How many letters of `text` no installed font can show."""
    pango, _, _, _ = _libraries()
    with _layout(Setting(text, font)) as (_, layout):
        return int(pango.pango_layout_get_unknown_glyphs_count(layout))
