"""Colours for the words of a source text."""

from __future__ import annotations

from dataclasses import dataclass

from workers.render.palette import ACCENT, CALM, FOCUS, GREEN, SKY, TEXT, VIOLET


@dataclass(frozen=True)
class Piece:
    """Letters of one colour."""

    text: str
    colour: str


COLOURS = (
    ("Token.Comment", CALM),
    ("Token.Keyword", VIOLET),
    ("Token.Name.Function", SKY),
    ("Token.Name.Class", SKY),
    ("Token.Name.Builtin", ACCENT),
    ("Token.Literal.String", GREEN),
    ("Token.Literal.Number", FOCUS),
    ("Token.Operator", ACCENT),
)


def highlighted(source: str, language: str) -> list[list[Piece]]:
    """The lines of `source` in coloured pieces; an unknown language gives plain text."""
    from pygments import lex  # type: ignore[import-untyped]
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.lexers.special import TextLexer  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        lexer = get_lexer_by_name(language.strip().lower() or "text", stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    lines: list[list[Piece]] = [[]]
    for kind, value in lex(source, lexer):
        colour = next((colour for name, colour in COLOURS if str(kind).startswith(name)), TEXT)
        for number, text in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if text:
                lines[-1].append(Piece(text, colour))
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines
