"""The parts of a DOCX file, read without unpacking more than is allowed."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from lxml import etree  # type: ignore[import-untyped]

from workers.documents import failures
from workers.documents.failures import DocumentFailure

MAIN_PART_LIMIT = 256 << 20  # bytes of unpacked XML; 600 pages of plain text are some 10 MB
_OTHER_PART_LIMIT = 32 << 20
_PACKAGE_LIMIT = 1 << 30
_MOST_RATIO = 200  # unpacked to packed, for what unpacks to more than 16 MB; ordinary XML packs 5 to 50 times
_RATIO_FROM = 16 << 20
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_OFFICE_DOCUMENT = "/officeDocument"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    etree.XMLSyntaxError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
)


class DocxPackage:
    """An open DOCX file. Nothing is written to disk, and no entity or outside reference is followed.

    Raises DocumentFailure with DOCUMENT_TOO_COSTLY when the package declares more than 1 GB unpacked, more
    packed bytes than the file has (overlapping entries), or a ratio above 200 beyond 16 MB;
    DOCUMENT_UNREADABLE when it is damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
        except _BROKEN as broken:
            raise DocumentFailure(failures.DOCUMENT_UNREADABLE) from broken
        self._check_declared(path.stat().st_size)
        self._names = {info.filename.lstrip("/") for info in self._archive.infolist()}
        self.main_part = self._main_part()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def _check_declared(self, size: int) -> None:
        entries = self._archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        packed = sum(entry.compress_size for entry in entries)
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            raise DocumentFailure(failures.DOCUMENT_UNREADABLE)
        dense = unpacked > _RATIO_FROM and unpacked > _MOST_RATIO * max(1, packed)
        if unpacked > _PACKAGE_LIMIT or packed > size or dense:
            raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)

    def _main_part(self) -> str:
        for kind, target in self.relationships(""):
            if kind.endswith(_OFFICE_DOCUMENT) and target in self._names:
                return target
        if "word/document.xml" in self._names:
            return "word/document.xml"
        raise DocumentFailure(failures.DOCUMENT_UNREADABLE)

    def relationships(self, part: str) -> Iterator[tuple[str, str]]:
        """Kind and target of what a part, or the package for an empty name, refers to inside the package."""
        folder, name = posixpath.split(part)
        root = self.tree(posixpath.join(folder, "_rels", f"{name}.rels"))
        for entry in [] if root is None else root.iter(_RELATIONSHIP):
            if entry.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, entry.get("Target", "")))
                yield entry.get("Type", ""), target.lstrip("/")

    def related(self, kind: str) -> etree._Element | None:
        """The tree of the part that the main part refers to as `kind`, such as `/styles`; None when there is
        none.
        """
        targets = [target for found, target in self.relationships(self.main_part) if found.endswith(kind)]
        return self.tree(targets[0]) if targets else None

    def tree(self, name: str) -> etree._Element | None:
        """The parsed XML of a part, None when the package has no such part."""
        if name not in self._names:
            return None
        try:
            with self._open(name, _OTHER_PART_LIMIT) as part:
                parser = etree.XMLParser(
                    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
                )
                tree = etree.parse(part, parser)
        except _BROKEN as broken:
            raise DocumentFailure(failures.DOCUMENT_UNREADABLE) from broken
        if tree.docinfo.doctype:
            raise DocumentFailure(failures.DOCUMENT_UNREADABLE)
        return tree.getroot()

    def main_children(self) -> Iterator[etree._Element]:
        """The children of the document's body one by one; each is emptied when the next is asked for."""
        try:
            with self._open(self.main_part, MAIN_PART_LIMIT) as part:
                yield from _body_children(part)
        except _BROKEN as broken:
            raise DocumentFailure(failures.DOCUMENT_UNREADABLE) from broken

    def main_part_holds(self, mark: bytes) -> bool:
        """Whether the main part's XML holds the bytes anywhere."""
        before = b""
        try:
            with self._open(self.main_part, MAIN_PART_LIMIT) as part:
                while chunk := part.read(1 << 18):
                    if mark in before + chunk:
                        return True
                    before = chunk[-len(mark) :]
        except _BROKEN as broken:
            raise DocumentFailure(failures.DOCUMENT_UNREADABLE) from broken
        return False

    def _open(self, name: str, limit: int) -> "_LimitedPart":
        entry = self._archive.NameToInfo.get(name) or self._archive.NameToInfo[f"/{name}"]
        if entry.flag_bits & 1:
            raise DocumentFailure(failures.DOCUMENT_ENCRYPTED)
        return _LimitedPart(self._archive.open(entry), min(limit, entry.file_size))


class _LimitedPart:
    """A part's bytes; reading past the limit is refused, whatever the archive declares."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._left = limit

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises DocumentFailure with DOCUMENT_TOO_COSTLY beyond the limit."""
        data = self._stream.read(size if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)
        return data


def _body_children(part: _LimitedPart) -> Iterator[etree._Element]:
    depth = 0
    events = etree.iterparse(
        part,
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    for event, element in events:
        if event == "start":
            if depth == 0 and element.getroottree().docinfo.doctype:
                raise DocumentFailure(failures.DOCUMENT_UNREADABLE)
            depth += 1
            continue
        depth -= 1
        if depth == 2:
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
