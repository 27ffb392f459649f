"""Sections of a document: which headings stand above each block."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from workers.documents.blocks import Block, Kind


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


def sections_of(blocks: Iterable[Block]) -> Iterator[Section]:
    """The document's sections in order; those without a block are left out.

    A heading with neither text nor a deeper heading below it stands in its own section, so that nothing is
    lost.
    """
    above: list[Block] = []
    section = Section(())
    for block in blocks:
        if block.kind is not Kind.HEADING:
            section.blocks.append(block)
            continue
        yield from _closed(section, above, block.level)
        above = [heading for heading in above if heading.level < block.level] + [block]
        section = Section(tuple(heading.text for heading in above))
    yield from _closed(section, above, 0)


def _closed(section: Section, above: list[Block], next_level: int) -> Iterator[Section]:
    if not section.blocks and above and next_level <= above[-1].level:
        heading = above[-1]
        section.blocks.append(Block(Kind.PARAGRAPH, heading.text, heading.starts))
    if section.blocks:
        yield section
