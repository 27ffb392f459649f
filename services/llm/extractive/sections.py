"""The tree of sections that passages stand in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mootion.document.v1.document_pb2 import Passage

from services.llm.extractive.tokens import Token


@dataclass(frozen=True, slots=True)
class Section:
    """A section by its titles, outermost first.

    `parent` and `children` are positions in the list of sections, `passages` the passages that stand
    directly in it, `heading` the tokens of its own title.
    """

    path: tuple[str, ...]
    document_id: str
    parent: int | None
    children: tuple[int, ...]
    passages: tuple[int, ...]
    heading: tuple[Token, ...]

    @property
    def title(self) -> str:
        """The section's own title; empty for text before any heading."""
        return self.path[-1] if self.path else ""

    @property
    def depth(self) -> int:
        """How many titles lead to it."""
        return len(self.path)


_Key = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class _Growing:
    path: tuple[str, ...]
    document_id: str
    parent: int | None
    children: list[int] = field(default_factory=list)
    passages: list[int] = field(default_factory=list)


def sections_of(
    passages: Sequence[Passage], tokens_of: Callable[[str], tuple[Token, ...]]
) -> tuple[tuple[Section, ...], tuple[int, ...]]:
    """All sections in order of first appearance, and the position of each passage's innermost section."""
    growing: list[_Growing] = []
    known: dict[_Key, int] = {}
    section_of = []
    for i, passage in enumerate(passages):
        position = _place(growing, known, passage.document_id, tuple(passage.section_path))
        growing[position].passages.append(i)
        section_of.append(position)
    return tuple(_grown(section, tokens_of) for section in growing), tuple(section_of)


def _place(
    growing: list[_Growing],
    known: dict[_Key, int],
    document_id: str,
    path: tuple[str, ...],
) -> int:
    parent: int | None = None
    for depth in range(0 if not path else 1, len(path) + 1):
        key = (document_id, path[:depth])
        if key not in known:
            known[key] = len(growing)
            growing.append(_Growing(path[:depth], document_id, parent))
            if parent is not None:
                growing[parent].children.append(known[key])
        parent = known[key]
    return known[(document_id, path)]


def _grown(section: _Growing, tokens_of: Callable[[str], tuple[Token, ...]]) -> Section:
    heading = tokens_of(section.path[-1]) if section.path else ()
    return Section(
        section.path,
        section.document_id,
        section.parent,
        tuple(section.children),
        tuple(section.passages),
        heading,
    )
