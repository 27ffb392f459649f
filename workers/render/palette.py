"""Colours of the pictures and how well they stand out against each other."""

from __future__ import annotations

BACKGROUND = "#0F1729"
GHOST = "#131D34"
SURFACE = "#1A2540"
SURFACE_RAISED = "#24335A"
RULE = "#475985"
LINK = "#7C8FBD"

TEXT = "#F4F7FB"
CALM = "#BCC8DC"
ACCENT = "#5EEAD4"
FOCUS = "#FBBF24"
SKY = "#7DD3FC"
ROSE = "#FDA4AF"
VIOLET = "#C4B5FD"
GREEN = "#86EFAC"

SERIES = (ACCENT, SKY, VIOLET, ROSE)
"""Colours of things that stand side by side."""

TEXT_COLOURS = (TEXT, CALM, ACCENT, FOCUS, SKY, ROSE, VIOLET, GREEN)
GROUNDS = (BACKGROUND, SURFACE, SURFACE_RAISED)
MIN_CONTRAST = 4.5


def rgb(colour: str) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1 of a colour written `#RRGGBB`."""
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours by WCAG 2.2, from 1 to 21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
