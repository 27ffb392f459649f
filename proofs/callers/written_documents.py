"""DOCX files with a heading and paragraphs, as a word processor writes them."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import docx


def written(title: str, paragraphs: Sequence[str]) -> bytes:
    """A file with these paragraphs under a heading."""
    made = docx.Document()
    made.core_properties.title = title
    made.add_heading(title, 1)
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    """The parts of a file by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(data: bytes, changed: Mapping[str, bytes]) -> bytes:
    """A file with some parts changed or added."""
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**parts_of(data), **changed}.items():
            archive.writestr(name, part)
    return saved.getvalue()
