"""Real chapters, compared with the text they were made from: headings, paragraphs and list items, word for word.

The chapters stand beside the project, in `../shared/corpus/dev`, or where MOOTION_CORPUS says; they are not part of it.
"""

import html
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from workers.documents.sandbox import ReadDocument, read_document

_BESIDE = Path(__file__).resolve().parents[3].parent / "shared" / "corpus" / "dev"
FOLDER = Path(os.environ.get("MOOTION_CORPUS", _BESIDE))
SOURCES = sorted(FOLDER.glob("*.html")) if FOLDER.is_dir() else []

pytestmark = pytest.mark.skipif(
    not SOURCES, reason="the chapters are not beside the project (../shared/corpus/dev)"
)


def elements(source: Path, tags: str) -> list[str]:
    """The texts of the elements with these tags, in order."""
    found = re.findall(rf"<({tags})>(.*?)</\1>", source.read_text(), re.DOTALL)
    return [squeezed(html.unescape(re.sub("<[^>]+>", "", body))) for _, body in found]


def squeezed(text: str) -> str:
    """The text without white space and the bullet of a list item."""
    return "".join(text.removeprefix("•").split())


def share(wanted: Iterable[str], found: Iterable[str]) -> float:
    """Which part of the wanted texts was found, each as often as it is there."""
    wanted, found = Counter(wanted), Counter(found)
    return sum((wanted & found).values()) / wanted.total()


def paragraphs(read: ReadDocument) -> list[str]:
    return [squeezed(paragraph) for passage in read.passages for paragraph in passage.text.split("\n")]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_chapter_is_recovered_from_pdf_and_from_docx(source: Path) -> None:
    outlines = []
    for ending in (".pdf", ".docx"):
        read = read_document(source.with_suffix(ending), source.name, "document-1")
        outlines.append([(entry.title, entry.level) for entry in read.facts.outline])
        assert share(elements(source, r"h\d"), (squeezed(title) for title, _ in outlines[-1])) == 1.0
        for tag in ("p", "li"):
            whole_in_a_passage = [text for text in elements(source, tag) if len(text) < 800]
            assert share(whole_in_a_passage, paragraphs(read)) > 0.995
        whole = "".join(squeezed(passage.text.replace("\n•", "\n")) for passage in read.passages)
        assert whole.replace("•", "") == "".join(elements(source, "p|li")).replace("•", "")
        assert read.facts.title == elements_title(source)
        assert read.facts.language == "en"
    assert outlines[0] == outlines[1]


def elements_title(source: Path) -> str:
    match = re.search("<title>(.*?)</title>", source.read_text())
    return html.unescape(match.group(1)) if match else ""
