"""Text of DOCX files that stands beside the body: footnotes, endnotes and text boxes."""

from lxml import etree  # type: ignore[import-untyped]

from workers.documents.characters import clean
from workers.documents.docx_styles import W

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"


def text_boxes(piece: etree._Element) -> list[etree._Element]:
    """The contents of text boxes in a drawing; of alternatives, only the first."""
    fallbacks = set(piece.iter(f"{MC}Fallback"))
    found: list[etree._Element] = []
    for box in piece.iter(f"{W}txbxContent"):
        above = set(box.iterancestors())
        if fallbacks.isdisjoint(above) and not any(other in above for other in found):
            found.append(box)
    return found


def notes_of(root: etree._Element | None, name: str) -> dict[str, str]:
    """The texts of footnotes or endnotes by kind and id; separators are left out."""
    found: dict[str, str] = {}
    for note in [] if root is None else root.iterfind(f"{W}{name}"):
        if note.get(f"{W}type", "normal") == "normal":
            text = clean(" ".join(piece.text or "" for piece in note.iter(f"{W}t"))).strip()
            found[f"{name} {note.get(f'{W}id')}"] = text
    return found
