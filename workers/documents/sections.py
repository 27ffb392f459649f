"""Sections of a document: which headings stand above each block."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from workers.documents.blocks import Block, Kind

_SENTENCE = 8  # words


@dataclass(slots=True)
class Heading:
    """An entry of the outline. `level` is 1 for the outermost, `page` counts from 1."""

    title: str
    level: int
    page: int


@dataclass(slots=True)
class Section:
    """The blocks below one heading, up to the next; `path` has the titles above them, outermost first."""

    path: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)


def outline_of(blocks: Iterable[Block]) -> list[Heading]:
    """The headings in reading order, with levels that have no holes."""
    depths: list[int] = []
    found = []
    for block in blocks:
        if block.kind is Kind.HEADING:
            depths = [depth for depth in depths if depth < block.level] + [block.level]
            found.append(Heading(block.text, len(depths), block.starts[0][0]))
    return found


def sections_of(blocks: list[Block]) -> Iterator[Section]:
    """The document's sections in order; those without a block are left out.

    A heading of eight words or more with nothing below it may be a sentence set large, so it is text of its own
    section too; and so is every heading of a document that has nothing else.
    """
    only_headings = all(block.kind is Kind.HEADING for block in blocks)
    above: list[Block] = []
    section = Section(())
    for place, block in enumerate(blocks):
        if block.kind is not Kind.HEADING:
            section.blocks.append(block)
            continue
        if section.blocks:
            yield section
        above = [heading for heading in above if heading.level < block.level] + [block]
        section = Section(tuple(heading.text for heading in above))
        following = blocks[place + 1] if place + 1 < len(blocks) else None
        ends = following is None or (following.kind is Kind.HEADING and following.level <= block.level)
        if only_headings or (ends and block.text.count(" ") + 1 >= _SENTENCE):
            section.blocks.append(Block(Kind.PARAGRAPH, block.text, block.starts))
    if section.blocks:
        yield section
