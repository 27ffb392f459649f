"""Text of scanned pages by character recognition (RapidOCR with the models in its package; no network)."""

import ctypes
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Any

import pypdfium2_raw as pdfium  # type: ignore[import-untyped]

from workers.documents.characters import clean
from workers.documents.lines import Fragment, Page
from workers.documents.pdf_text import PdfFile

if TYPE_CHECKING:
    import numpy

_LONG_SIDE = 1600  # pixels of a page's longer side: 137 dots an inch for A4
_LEAST_SCORE = 0.5
_LINE_SHARE = 0.72  # part of a recognised line's height that is the size of its type
_LARGER = 1.3  # a line this much higher than the page's middle one is larger type, less is noise


def recognise_pages(
    file: PdfFile, pages: list[Page], numbers: list[int], on_progress: Callable[[int], None]
) -> list[int]:
    """Fills the fragments of the pages with the given numbers; returns those on which text was found."""
    engine = _engine()
    found = []
    for place, number in enumerate(numbers):
        on_progress(10 + 75 * place // len(numbers))
        pages[number - 1] = page = _recognised(engine, file, number)
        if page.fragments:
            found.append(number)
    return found


def _engine() -> "Callable[[numpy.ndarray[Any, Any]], Any]":
    """One line at a time is recognised: batches are padded to their longest line, which costs time and memory."""
    from rapidocr import RapidOCR

    engine: Callable[[numpy.ndarray[Any, Any]], Any] = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "Global.text_score": _LEAST_SCORE,
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": 2,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    return engine


def _recognised(engine: "Callable[[numpy.ndarray[Any, Any]], Any]", file: PdfFile, number: int) -> Page:
    handle = pdfium.FPDF_LoadPage(file.handle, number - 1)
    try:
        width, height = pdfium.FPDF_GetPageWidthF(handle), pdfium.FPDF_GetPageHeightF(handle)
        scale = _LONG_SIDE / max(width, height, 1.0)
        output = engine(_picture(handle, max(1, round(width * scale)), max(1, round(height * scale))))
    finally:
        pdfium.FPDF_ClosePage(handle)
    page = Page(number, width, height, [])
    if output.boxes is not None:
        page.fragments = _fragments(output.boxes, output.txts, 1 / scale)
    return page


def _picture(handle: pdfium.FPDF_PAGE, width: int, height: int) -> "numpy.ndarray[Any, Any]":
    """The page as rows of blue, green and red bytes on white."""
    import numpy

    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_BGR, None, 0)
    if not bitmap:
        raise MemoryError
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        pdfium.FPDF_RenderPageBitmap(bitmap, handle, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
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
