"""Text of PDF pages with position, size and weight, through PDFium's raw interface.

The helper classes of pypdfium2 cost more start-up time than a chapter takes to read, so only its bindings are
imported. PDFium is not thread-safe: use it from one thread of one process.
"""

import ctypes
import re
from collections.abc import Iterator
from math import atan2, hypot, pi
from pathlib import Path

import pypdfium2_raw as pdfium  # type: ignore[import-untyped]

from workers.documents import failures
from workers.documents.characters import HIDDEN_HYPHENS, clean
from workers.documents.lines import Fragment, Page, Span, Style
from workers.documents.runs import merged_runs

_WORD = re.compile("[^\\s\ufffe\x02]+[\ufffe\x02]?|[\ufffe\x02]")
_LINE = re.compile("[^\r\n\ufffe\x02]+[\ufffe\x02]?|[\ufffe\x02]")
_BOLD_NAME = re.compile(r"bold|black|heavy|demi(?!.*light)|cmbx|cmssbx|sfbx|-bd|,b|medi$", re.IGNORECASE)
_ITALIC_NAME = re.compile(r"ital|obli|slant|cmti|cmsl|sfti|-it$|kursiv", re.IGNORECASE)
_BOLD_WEIGHT = 650
_FLAG_ITALIC, _FLAG_FORCE_BOLD = 1 << 6, 1 << 18
# A page with fewer characters is a picture of text when pictures and drawings cover this part of it.
_SCARCE_TEXT = 40
_LEAST_COVERED = 0.3
_PRIVATE = re.compile("[\0\ue000-\uf8ff\ufffd]")
_MOST_OBJECTS = 5000
_MOST_PRIVATE = 0.4  # of all characters
_ENCRYPTED_ERRORS = (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)


class PdfFile:
    """An open PDF file. Raises DocumentFailure with DOCUMENT_ENCRYPTED or DOCUMENT_UNREADABLE when it does
    not open.
    """

    def __init__(self, path: Path) -> None:
        pdfium.FPDF_InitLibrary()
        self.handle = pdfium.FPDF_LoadDocument(str(path).encode(), None)
        if not self.handle:
            encrypted = pdfium.FPDF_GetLastError() in _ENCRYPTED_ERRORS
            raise failures.DocumentFailure(
                failures.DOCUMENT_ENCRYPTED if encrypted else failures.DOCUMENT_UNREADABLE
            )
        self.page_count: int = pdfium.FPDF_GetPageCount(self.handle)
        if self.page_count < 1:
            raise failures.DocumentFailure(failures.DOCUMENT_UNREADABLE)

    def pages(self) -> Iterator[Page]:
        """Every page in order; a page that PDFium cannot load comes without fragments."""
        for index in range(self.page_count):
            yield self.page(index)

    def page(self, index: int) -> Page:
        """The page with the given index, from 0."""
        handle = pdfium.FPDF_LoadPage(self.handle, index)
        if not handle:
            return Page(index + 1, 0.0, 0.0, [])
        try:
            return _PageReader(handle).read(index + 1)
        finally:
            pdfium.FPDF_ClosePage(handle)

    def metadata(self, key: str) -> str:
        """A text of the information dictionary such as `Title`, empty when absent."""
        size = pdfium.FPDF_GetMetaText(self.handle, key.encode(), None, 0)
        buffer = ctypes.create_string_buffer(min(size, 4096))
        pdfium.FPDF_GetMetaText(self.handle, key.encode(), buffer, len(buffer))
        return clean(buffer.raw[: max(0, len(buffer) - 2)].decode("utf-16-le", "ignore")).strip()


class _PageReader:
    """Reads the fragments of one loaded page."""

    def __init__(self, page: pdfium.FPDF_PAGE) -> None:
        self._page = page
        self._styles: dict[int, Style] = {}
        self._private = 0
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._matrix, self._box = pdfium.FS_MATRIX(), pdfium.FS_RECTF()

    def read(self, number: int) -> Page:
        box = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(self._page, box)
        self._bounds = (box.left, box.bottom, box.right, box.top)
        self._text_page = pdfium.FPDFText_LoadPage(self._page)
        try:
            turned = list(self._fragments()) if self._text_page else []
        finally:
            pdfium.FPDFText_ClosePage(self._text_page)
        return self._upright(number, turned)

    def _upright(self, number: int, turned: list[tuple[int, Fragment]]) -> Page:
        """The page seen so that most of its text is upright; text of other directions follows below, in
        order.
        """
        weight = [0, 0, 0, 0]
        for turn, fragment in turned:
            weight[turn] += len(fragment.text)
        main = weight.index(max(weight))
        left, bottom, right, top = self._bounds
        width, height = (top - bottom, right - left) if main % 2 else (right - left, top - bottom)
        turned += [(main, dot) for dot in self._bullets([f for turn, f in turned if turn == main], main)]
        for turn, fragment in turned:
            if turn != main:
                fragment.y += max(width, height) * (1 + (turn - main) % 4)
        fragments = [fragment for _, fragment in turned if fragment.text]
        return Page(number, width, height, fragments, self._needs_recognition(fragments))

    def _needs_recognition(self, fragments: list[Fragment]) -> bool:
        letters = sum(len(fragment.text) for fragment in fragments)
        if self._private > _MOST_PRIVATE * (letters + self._private):
            return True
        return letters < _SCARCE_TEXT and self._picture_share() > _LEAST_COVERED

    def _fragments(self) -> Iterator[tuple[int, Fragment]]:
        text = self._characters()
        self._private = len(_PRIVATE.findall(text))
        for line in _LINE.finditer(text):
            runs = self._runs(text, line.start(), line.end())
            yield from merged_runs(runs)

    def _characters(self) -> str:
        """The page's text with one character for each of PDFium's character indexes."""
        count = pdfium.FPDFText_CountChars(self._text_page)
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (count + 1))()
        written = pdfium.FPDFText_GetText(self._text_page, 0, count, buffer) - 1
        if written == count:
            text = bytes(buffer)[: count * 2].decode("utf-16-le", "surrogatepass")
            return text if len(text) == count else "".join(map(chr, buffer[:count]))
        unicode_at = pdfium.FPDFText_GetUnicode
        return "".join(chr(min(unicode_at(self._text_page, index), 0x10FFFF)) for index in range(count))

    def _runs(self, text: str, start: int, end: int) -> Iterator[tuple[int, Fragment]]:
        """Words drawn by the same text object, one fragment for each such run."""
        words = [word.span() for word in _WORD.finditer(text, start, end)]
        drawn = [self._address(words[0][0]), self._address(words[-1][0])] if words else []
        place = 0
        while place < len(words):
            first = words[place][0]
            address = self._address(first) if place else drawn[0]
            following = len(words) if address == drawn[1] else self._run_end(words, place, address)
            last_end = words[following - 1][1]
            until = words[following][0] if following < len(words) else last_end
            yield self._run(text[first:until], first, last_end - 1)
            place = following

    def _run_end(self, words: list[Span], place: int, address: int) -> int:
        """The first word after `place` that another text object draws; the last word is known to be one."""
        step, same = 1, place
        while same + step < len(words) and self._address(words[same + step][0]) == address:
            same += step
            step *= 2
        other = min(same + step, len(words) - 1)
        while other - same > 1:
            middle = (same + other) // 2
            if self._address(words[middle][0]) == address:
                same = middle
            else:
                other = middle
        return other

    def _address(self, index: int) -> int:
        """Which text object draws a character: the address of the object, 0 for none."""
        drawn = pdfium.FPDFText_GetTextObject(self._text_page, index)
        return ctypes.addressof(drawn.contents) if drawn else 0

    def _run(self, raw: str, first: int, last: int) -> tuple[int, Fragment]:
        page = self._text_page
        pdfium.FPDFText_GetCharOrigin(page, first, self._x, self._y)
        pdfium.FPDFText_GetMatrix(page, first, self._matrix)
        pdfium.FPDFText_GetLooseCharBox(page, last, self._box)
        matrix, box = self._matrix, self._box
        turn = round(atan2(matrix.b, matrix.a) * 2 / pi) % 4
        size = pdfium.FPDFText_GetFontSize(page, first) * hypot(matrix.c, matrix.d)
        x0, y = self._turned(self._x.value, self._y.value, turn)
        corner, other = self._turned(box.left, box.bottom, turn), self._turned(box.right, box.top, turn)
        style = self._style(pdfium.FPDFText_GetTextObject(page, first))
        fragment = Fragment(
            _visible(raw), x0, max(corner[0], other[0], x0), y, size, style.bold, style.italic
        )
        return turn, fragment

    def _turned(self, x: float, y: float, turn: int) -> tuple[float, float]:
        """The point in a frame where text of this turn (quarters, anticlockwise) runs to the right and down
        the page.
        """
        left, bottom, right, top = self._bounds
        if turn == 0:
            return x - left, top - y
        if turn == 1:
            return y - bottom, x - left
        if turn == 2:
            return right - x, y - bottom
        return top - y, right - x

    def _style(self, drawn: "ctypes._Pointer[ctypes.Structure]") -> Style:
        font = pdfium.FPDFTextObj_GetFont(drawn) if drawn else None
        if not font:
            return Style()
        address = ctypes.addressof(font.contents)
        style = self._styles.get(address)
        if style is None:
            style = self._styles[address] = _font_style(font)
        return style

    def _bullets(self, fragments: list[Fragment], turn: int) -> Iterator[Fragment]:
        """Small dots and squares that are drawn, not set, a little left of a line's beginning."""
        dots = [self._extent(drawn, turn) for drawn in self._drawings()]
        for x0, top, x1, bottom in dots:
            wide, high, middle = x1 - x0, bottom - top, (top + bottom) / 2
            if not (1 < wide < 9 and abs(wide - high) < 0.3 * wide):
                continue
            for line in fragments:
                near = 0.1 * line.size < line.x0 - x1 < 2.5 * line.size
                if near and wide < 0.7 * line.size and line.y - 0.8 * line.size < middle < line.y:
                    yield Fragment("•", x0, x1, line.y, line.size)
                    break

    def _drawings(self) -> Iterator["ctypes._Pointer[ctypes.Structure]"]:
        """The paths among the page's first 5,000 objects."""
        for index in range(min(_MOST_OBJECTS, pdfium.FPDFPage_CountObjects(self._page))):
            drawn = pdfium.FPDFPage_GetObject(self._page, index)
            if pdfium.FPDFPageObj_GetType(drawn) == pdfium.FPDF_PAGEOBJ_PATH:
                yield drawn

    def _extent(
        self, drawn: "ctypes._Pointer[ctypes.Structure]", turn: int
    ) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of an object in the frame of text of this turn."""
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        pdfium.FPDFPageObj_GetBounds(drawn, left, bottom, right, top)
        one, other = self._turned(left.value, bottom.value, turn), self._turned(right.value, top.value, turn)
        return min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])

    def _picture_share(self) -> float:
        """Which part of the page its pictures and drawings cover, as far as the first 200 objects tell."""
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        covered = 0.0
        for index in range(min(200, pdfium.FPDFPage_CountObjects(self._page))):
            drawn = pdfium.FPDFPage_GetObject(self._page, index)
            if pdfium.FPDFPageObj_GetType(drawn) != pdfium.FPDF_PAGEOBJ_TEXT:
                pdfium.FPDFPageObj_GetBounds(drawn, left, bottom, right, top)
                covered += abs((right.value - left.value) * (top.value - bottom.value))
        area = (self._bounds[2] - self._bounds[0]) * (self._bounds[3] - self._bounds[1])
        return min(1.0, covered / area) if area > 0 else 0.0


def _visible(raw: str) -> str:
    return clean(raw[:-1]) + "-" if raw[-1] in HIDDEN_HYPHENS else clean(raw)


def _font_style(font: "ctypes._Pointer[ctypes.Structure]") -> Style:
    buffer = ctypes.create_string_buffer(256)
    pdfium.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
    name = buffer.value.decode("latin-1")
    flags = pdfium.FPDFFont_GetFlags(font)
    bold = bool(_BOLD_NAME.search(name)) or bool(flags & _FLAG_FORCE_BOLD)
    bold = bold or pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT
    return Style(bold, bool(_ITALIC_NAME.search(name)) or bool(flags & _FLAG_ITALIC))
