"""Print the sample chapter: `python -m examples.make_sample [FOLDER]` writes its PDF and its DOCX."""

import sys
from pathlib import Path

from examples.chapter import Block, Heading, plain, read_chapter
from examples.docx_edition import docx_edition
from examples.pdf_edition import pdf_edition

HERE = Path(__file__).resolve().parent
NAME = "waves-and-sound"


def chapter_title(blocks: list[Block]) -> str:
    """The text of the chapter's first heading."""
    return next(plain(block.text) for block in blocks if isinstance(block, Heading))


def editions() -> dict[str, bytes]:
    """File name to content, for both editions."""
    blocks = read_chapter((HERE / f"{NAME}.md").read_text(encoding="utf-8"))
    title = chapter_title(blocks)
    return {f"{NAME}.pdf": pdf_edition(blocks, title), f"{NAME}.docx": docx_edition(blocks, title)}


def write_editions(folder: Path) -> None:
    """Write both editions into `folder`, which must exist."""
    for name, content in editions().items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    write_editions(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
