"""Which fonts texts are set in, and what happens to letters that no installed font has.

Latin, Greek and Cyrillic are set in Source Sans, which a Python package carries, so that pictures look the same on
every machine; other scripts come from whatever the system has. Rule for letters without a font: stray ones (symbols,
emoji) are left out and noted; a text that would lose more than a tenth of its letters is refused with the name of the
Debian package to install. An empty box is never drawn.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib import resources

from workers.render.errors import ScriptNotCoveredError
from workers.render.pango import Font, Setting, outline_lines, unknown_glyphs

SANS = "Source Sans Pro"
SANS_WITHOUT_PACKAGE = "DejaVu Sans"
MONOSPACED = "DejaVu Sans Mono"
SANS_FILES = ("Regular", "Semibold", "Bold")
LARGEST_LOSS = 0.1

PACKAGES = {
    "CJK": "fonts-noto-cjk",
    "HIRAGANA": "fonts-noto-cjk",
    "KATAKANA": "fonts-noto-cjk",
    "HANGUL": "fonts-noto-cjk",
}
PACKAGE_OF_OTHERS = "fonts-noto-core"


@cache
def sans_family() -> str:
    """Family of running text: Source Sans when its package is installed, else DejaVu Sans."""
    import manimpango  # type: ignore[import-untyped]

    try:
        folder = resources.files("font_source_sans_pro") / "files"
    except ModuleNotFoundError:
        return SANS_WITHOUT_PACKAGE
    registered = [manimpango.register_font(str(folder / f"SourceSansPro-{name}.otf")) for name in SANS_FILES]
    return SANS if all(registered) else SANS_WITHOUT_PACKAGE


@cache
def cap_height(family: str) -> float:
    """Height of a capital letter of `family`, as a part of the font size."""
    return float(-outline_lines(Setting("H", Font(family)))[0][:, 1].min())


@cache
def is_covered(letter: str) -> bool:
    """Whether some installed font draws `letter`."""
    if letter.isspace() or unicodedata.category(letter) in ("Cf", "Mn", "Me"):
        return True
    font = Font(sans_family())
    return unknown_glyphs(letter, font) == 0 and bool(outline_lines(Setting(letter, font))[0].size)


def covered_or(letter: str, plain: str) -> str:
    """`letter` where some installed font draws it, else `plain`."""
    return letter if all(is_covered(sign) for sign in letter) else plain


def without_uncovered(text: str) -> tuple[str, str]:
    """`text` without the letters that no font has, and those letters.

    Raises ScriptNotCoveredError when more than a tenth of the text would be lost.
    """
    if text.isascii():
        return text, ""
    missing = "".join(sorted({letter for letter in text if not letter.isascii() and not is_covered(letter)}))
    if not missing:
        return text, ""
    lost = [letter for letter in text if letter in missing]
    solid = sum(not letter.isspace() for letter in text)
    if len(lost) > LARGEST_LOSS * solid and any(letter.isalpha() for letter in lost):
        script = unicodedata.name(next(letter for letter in lost if letter.isalpha()), "UNNAMED").split(" ")[
            0
        ]
        package = PACKAGES.get(script.split("-")[0], PACKAGE_OF_OTHERS)
        name = script if script == "CJK" else script.title()
        raise ScriptNotCoveredError(f"no installed font shows {name} letters; install {package}")
    return "".join(letter for letter in text if letter not in missing), missing
