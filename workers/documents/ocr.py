"""Text of scanned pages by character recognition (RapidOCR with the models in its package; no network)."""

import ctypes
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Any

import pypdfium2_raw as pdfium  # type: ignore[import-untyped]

from workers.documents.characters import clean
from workers.documents.lines import Fragment, Page
from workers.documents.pdf_text import PdfFile

if TYPE_CHECKING:
    import numpy


_LONG_SIDE = 1500  # pixels of a page's longer side: 128 dots an inch for A4
_MOST_PIXELS = 60_000_000  # in one picture on the page: A4 at 600 dots an inch has 35 million
_MOST_NESTED = 4
_MOST_OBJECTS = 1000
_DRAWING_SECONDS = 4.0  # of processor for drawing one page; recognising takes about as long again
_LEAST_SCORE = 0.5
_LINE_SHARE = 0.72  # part of a recognised line's height that is the size of its type
_WIDER = 1.2  # than the page's usual letters: larger type; less is noise
_ALIKE = 1.25
_LEAST_LETTERS = 8  # of a line whose letters are measured


@dataclass(slots=True)
class Recognised:
    """Numbers of the pages on which text was found, and of those that were too costly to look at."""

    found: list[int]
    left_out: list[int]


def recognise_pages(
    file: PdfFile, pages: list[Page], numbers: list[int], on_progress: Callable[[int], None]
) -> Recognised:
    """Puts recognised pages in the place of those with the given numbers.

    A page with a picture of more than 60 million pixels is left out; drawing a page for more than 4 s of
    processor ends the process.
    """
    engine = _engine()
    result = Recognised([], [])
    for place, number in enumerate(numbers):
        on_progress(10 + 75 * place // len(numbers))
        page = _recognised(engine, file, number)
        if page is None:
            result.left_out.append(number)
        elif page.fragments:
            pages[number - 1] = page
            result.found.append(number)
    _even_out([pages[number - 1] for number in result.found])
    return result


def _even_out(pages: list[Page]) -> None:
    """Gives running text the same size on all recognised pages, for each was measured by itself."""
    usual = [median(fragment.size for fragment in page.fragments) for page in pages]
    middle = median(usual) if usual else 1.0
    for page, size in zip(pages, usual, strict=True):
        if 1 / _ALIKE < size / middle < _ALIKE:
            for fragment in page.fragments:
                fragment.size = round(fragment.size * middle / size, 1)


def _engine() -> "Callable[[numpy.ndarray[Any, Any]], Any]":
    """One line at a time: batches are padded to their longest line, which costs time and memory.

    One thread: a second one halves no page's time but spins.
    """
    from rapidocr import RapidOCR

    engine: Callable[[numpy.ndarray[Any, Any]], Any] = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "Global.text_score": _LEAST_SCORE,
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    return engine


def _recognised(
    engine: "Callable[[numpy.ndarray[Any, Any]], Any]", file: PdfFile, number: int
) -> Page | None:
    handle = pdfium.FPDF_LoadPage(file.handle, number - 1)
    try:
        width, height = pdfium.FPDF_GetPageWidthF(handle), pdfium.FPDF_GetPageHeightF(handle)
        objects = (pdfium.FPDFPage_GetObject(handle, n) for n in range(pdfium.FPDFPage_CountObjects(handle)))
        if _most_pixels(objects, 0) > _MOST_PIXELS:
            return None
        scale = _LONG_SIDE / max(width, height, 1.0)
        picture = _picture(handle, max(1, round(width * scale)), max(1, round(height * scale)))
    finally:
        pdfium.FPDF_ClosePage(handle)
    output = engine(picture)
    page = Page(number, width, height, [])
    if output.boxes is not None:
        page.fragments = _fragments(output.boxes, output.txts, 1 / scale)
    return page


def _most_pixels(objects: Iterable[Any], depth: int) -> int:
    """Pixels of the largest picture among the objects and the forms among them."""
    wide, high, most = ctypes.c_uint(), ctypes.c_uint(), 0
    for drawn in islice(objects, _MOST_OBJECTS):
        kind = pdfium.FPDFPageObj_GetType(drawn)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE and pdfium.FPDFImageObj_GetImagePixelSize(drawn, wide, high):
            most = max(most, wide.value * high.value)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MOST_NESTED:
            inner = (
                pdfium.FPDFFormObj_GetObject(drawn, n) for n in range(pdfium.FPDFFormObj_CountObjects(drawn))
            )
            most = max(most, _most_pixels(inner, depth + 1))
    return most


def _picture(handle: pdfium.FPDF_PAGE, width: int, height: int) -> "numpy.ndarray[Any, Any]":
    """The page as rows of blue, green and red bytes on white."""
    import numpy

    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_BGR, None, 0)
    if not bitmap:
        raise MemoryError
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        signal.setitimer(signal.ITIMER_PROF, _DRAWING_SECONDS)
        pdfium.FPDF_RenderPageBitmap(bitmap, handle, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
        signal.setitimer(signal.ITIMER_PROF, 0)
        stride = pdfium.FPDFBitmap_GetStride(bitmap)
        address = ctypes.cast(pdfium.FPDFBitmap_GetBuffer(bitmap), ctypes.c_void_p).value or 0
        rows = numpy.frombuffer((ctypes.c_ubyte * (stride * height)).from_address(address), dtype=numpy.uint8)
        return rows.reshape(height, stride)[:, : width * 3].reshape(height, width, 3).copy()
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)


def _fragments(boxes: "numpy.ndarray[Any, Any]", texts: tuple[str, ...], scale: float) -> list[Fragment]:
    """One fragment for each recognised line.

    The height of a line's box is too noisy to tell its size of type; the width of its letters beside the page's
    usual width does, in steps of a quarter.
    """
    read = [
        (
            box[:, 0].min() * scale,
            box[:, 0].max() * scale,
            box[:, 1].min() * scale,
            box[:, 1].max() * scale,
            text,
        )
        for box, raw in zip(boxes, texts, strict=True)
        if (text := clean(raw).strip())
    ]
    if not read:
        return []
    middle = median(bottom - top for _, _, top, bottom, _ in read)
    usual = median((right - left) / len(text) for left, right, _, _, text in read)
    found = []
    for left, right, top, bottom, text in read:
        wider = (right - left) / len(text) / usual
        steps = round(4 * wider) / 4 if wider > _WIDER and len(text) >= _LEAST_LETTERS else 1.0
        base = float(bottom - 0.2 * (bottom - top))
        found.append(
            Fragment(text, float(left), float(right), base, round(float(middle * _LINE_SHARE * steps), 1))
        )
    return found
