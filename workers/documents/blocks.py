"""The parts a document's text is made of, the same for every format."""

from dataclasses import dataclass, field
from enum import Enum

from workers.documents.lines import Span


class Kind(Enum):
    """What a block is."""

    HEADING = 1
    PARAGRAPH = 2
    LIST_ITEM = 3
    TABLE = 4
    CAPTION = 5
    FOOTNOTE = 6


@dataclass(slots=True)
class Block:
    """One paragraph, heading, list item, table, caption or footnote.

    `starts` has, for each page the block stands on, the page from 1 and its first character there. `level` is
    the depth of a heading, 1 for the outermost.
    """

    kind: Kind
    text: str
    starts: list[tuple[int, int]]
    emphasis: list[Span] = field(default_factory=list)
    level: int = 0
