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
_LARGER = 1.3  # a line this much higher than the page's middle one is larger type, less is noise


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
    return result


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
    """One fragment for each recognised line, with sizes evened out against the noise of their boxes."""
    heights = [float(box[:, 1].max() - box[:, 1].min()) * scale for box in boxes]
    middle = median(heights)
    found = []
    for box, height, text in zip(boxes, heights, texts, strict=True):
        left, right = float(box[:, 0].min()) * scale, float(box[:, 0].max()) * scale
        size = (height if height > _LARGER * middle else middle) * _LINE_SHARE
        base = float(box[:, 1].max()) * scale - 0.2 * height
        if text := clean(text).strip():
            found.append(Fragment(text, left, right, base, round(size, 1)))
    return found
