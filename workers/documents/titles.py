"""The title of a document: what its file says, else its first large heading, else the file's name."""

import re
from pathlib import PurePosixPath

from workers.documents.blocks import Block, Kind

_LONGEST = 300
_FILE_LIKE = re.compile(
    r"\.(docx?|pdf|tex|dvi|indd|qxd|pages|odt|rtf|pptx?|xlsx?|html?|txt|ps|eps|fm|p65)$|"
    r"^(untitled|unbenannt|sans titre|document\s?\d*$|doc\s?\d*$|slide \d+$|powerpoint presentation|"
    r"microsoft word|word document|no title|title$|print$|"
    r"https?:|file:|about:blank)|[\\/]\w+[\\/]|^[\W\d_]*$",
    re.IGNORECASE,
)


def title_of(written: str, blocks: list[Block], filename: str) -> str:
    """A title of at most 300 characters, never empty.

    `written` is the title in the file's own facts; it counts unless it looks like the name of a file or a
    program's default. Of the headings on the first two pages the outermost counts.
    """
    if len(written) > 2 and not _FILE_LIKE.search(written):
        return written[:_LONGEST]
    early = [block for block in blocks[:60] if block.kind is Kind.HEADING and block.starts[0][0] <= 2]
    if early:
        return min(early, key=lambda block: block.level).text[:_LONGEST]
    return _from_filename(filename)


def _from_filename(filename: str) -> str:
    stem = PurePosixPath(filename.replace("\\", "/")).name
    stem = re.sub(r"\.\w{1,5}$", "", stem)
    return re.sub(r"[_\s]+", " ", stem).strip()[:_LONGEST] or "Untitled document"
