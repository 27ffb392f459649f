"""Raised and lowered digits for the PDF that are still read as such when the text is copied out.

The standard PDF fonts have no glyphs for characters such as U+207B or U+2080. This font draws the ordinary
digits and tells readers, by a ToUnicode map, that they are superscripts and subscripts: 10⁻¹² does not
become 10-12 in the extracted text.
"""

from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfbase.rl_codecs import RL_Codecs

NAME = "Scripts"
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
_GLYPHS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ENCODING = "ScriptEncoding"
_FIRST_CODE = 0x21


def _codes() -> dict[str, int]:
    return {character: _FIRST_CODE + at for at, character in enumerate(SUPERSCRIPTS + SUBSCRIPTS)}


def _to_unicode() -> str:
    """The CMap of section 9.10.3 of ISO 32000-1: character code to Unicode."""
    pairs = [f"<{code:02X}> <{ord(character):04X}>" for character, code in _codes().items()]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CMapName /ScriptDigits def /CMapType 2 def",
            "1 begincodespacerange <00> <FF> endcodespacerange",
            f"{len(pairs)} beginbfchar",
            *pairs,
            "endbfchar",
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    )


class ScriptFont(pdfmetrics.Font):  # type: ignore[misc]
    """Times-Roman digits under the codes of the superscript and subscript characters."""

    def addObjects(self, doc: pdfdoc.PDFDocument) -> None:
        """Write the font with its ToUnicode map into `doc`."""
        super().addObjects(doc)
        cmap = pdfdoc.PDFStream(content=_to_unicode())
        written = doc.idToObject["BasicFonts"].dict[doc.fontMapping[self.fontName].lstrip("/")]
        written.ToUnicode = doc.Reference(cmap, "scriptDigitsToUnicode")


def register() -> None:
    """Make the font known to reportlab under NAME; calling it again changes nothing."""
    if NAME in pdfmetrics.getRegisteredFontNames():
        return
    glyphs: list[str | None] = [None] * 256
    for code, glyph in zip(_codes().values(), (*_GLYPHS, "minus", *_GLYPHS), strict=True):
        glyphs[code] = glyph
    pdfmetrics.registerEncoding(pdfmetrics.Encoding(_ENCODING, glyphs))
    by_ordinal = {ord(character): code for character, code in _codes().items()}
    RL_Codecs.add_dynamic_codec(_ENCODING, by_ordinal, {code: char for char, code in by_ordinal.items()})
    pdfmetrics.registerFont(ScriptFont(NAME, "Times-Roman", _ENCODING))
    pdfmetrics.registerFontFamily(NAME)
