"""Cleaning of characters as PDF and DOCX files hold them."""

import re
import unicodedata

# Hyphens that only show at a line's end: the soft hyphen and the two marks PDFium puts where it saw one.
HIDDEN_HYPHENS = "\u00ad\ufffe\x02"

_LIGATURES = dict(
    zip(
        "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06",
        ("ff", "fi", "fl", "ffi", "ffl", "st", "st"),
        strict=True,
    )
)
_SPACES = dict.fromkeys(
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
)
_INVISIBLE = dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufffe\uffff\ufffd", "")
# Bullets of the Symbol and Wingdings fonts, which fonts without a character map put into the private use
# area.
_BULLETS = dict.fromkeys("\uf0b7\uf0a7\uf0a8\uf0d8\uf076\uf0fc\uf06e\uf06f\uf071\uf0e0", "•")
_TABLE = str.maketrans(_LIGATURES | _SPACES | _INVISIBLE | _BULLETS | {"\u2011": "-", "\t": " "})
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000-\uf8ff\ud800-\udfff]")
_ODD = re.compile("[^\x20-\x7e\u00a1-\u00ac\u00ae-\u1fff\u2010\u2012-\u2027\u2030-\u205e\u2070-\ud7ff]")
_MATHEMATICAL = re.compile("[\U0001d400-\U0001d7ff]+")
_RUN_OF_SPACES = re.compile(" {2,}")


def clean(text: str) -> str:
    """The text with ligatures spelled out, each run of spaces one plain one, and characters no reader sees
    left out.
    """
    if _ODD.search(text):
        text = _join_surrogates(text).translate(_TABLE)
        text = _UNWANTED.sub("", text)
        text = _MATHEMATICAL.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
    return _RUN_OF_SPACES.sub(" ", text) if "  " in text else text


def _join_surrogates(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def is_cjk(character: str) -> bool:
    """Whether the script of the character is written without spaces: Chinese, Japanese, Thai."""
    return (
        "\u2e80" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\uff00" <= character <= "\uff60"
        or "\u0e00" <= character <= "\u0e7f"
        or "\U00020000" <= character <= "\U0003ffff"
    )
