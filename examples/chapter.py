"""The sample chapter as blocks, read from its one source in Markdown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False


Text = tuple[Run, ...]


@dataclass(frozen=True)
class Heading:
    """Level 1 is the chapter's title, 2 a section, 3 a part of a section."""

    level: int
    text: Text


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: Text


@dataclass(frozen=True)
class Formula:
    """A formula set apart, with the number it is referred to by."""

    text: Text
    number: str


@dataclass(frozen=True)
class ItemList:
    """A bulleted list, or the steps of a procedure where `numbered`."""

    items: tuple[Text, ...]
    numbered: bool


@dataclass(frozen=True)
class Table:
    """A table whose first row is its header. `right` says which columns hold figures."""

    rows: tuple[tuple[Text, ...], ...]
    right: tuple[bool, ...]


@dataclass(frozen=True)
class Caption:
    """The line over a table."""

    text: Text


Block = Heading | Paragraph | Formula | ItemList | Table | Caption

_FORMULA_NUMBER = re.compile(r"\s*\((\d+)\)$")
_CAPTION = re.compile(r"Table \d+\. ")


def plain(text: Text) -> str:
    """The words of a text without their styles."""
    return "".join(run.text for run in text)


def read_chapter(markdown: str) -> list[Block]:
    """Parse the chapter. Raises ValueError on a block that the two editions cannot print."""
    root = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown))
    return [_block(node) for node in root.children]


def _block(node: SyntaxTreeNode) -> Block:
    if node.type == "heading":
        return Heading(int(node.tag[1]), _inline(node))
    if node.type == "paragraph":
        text = _inline(node)
        return Caption(text) if _CAPTION.match(plain(text)) else Paragraph(text)
    if node.type == "blockquote":
        return _formula(_inline(node.children[0]))
    if node.type in ("bullet_list", "ordered_list"):
        items = tuple(_inline(item.children[0]) for item in node.children)
        return ItemList(items, node.type == "ordered_list")
    if node.type == "table":
        return _table(node)
    raise ValueError(f"line {node.map}: a {node.type} cannot be printed; use headings, text, lists or tables")


def _formula(text: Text) -> Formula:
    *before, last = text
    found = _FORMULA_NUMBER.search(last.text)
    if found is None:
        raise ValueError(f"formula {plain(text)!r} must end with its number in parentheses")
    return Formula((*before, Run(last.text[: found.start()])), found[1])


def _table(node: SyntaxTreeNode) -> Table:
    rows = [row for part in node.children for row in part.children]
    right = tuple("right" in str(cell.attrs.get("style", "")) for cell in rows[0].children)
    return Table(tuple(tuple(_inline(cell) for cell in row.children) for row in rows), right)


def _inline(node: SyntaxTreeNode) -> Text:
    return tuple(run for child in node.children for run in _runs(child, Run("")))


def _runs(node: SyntaxTreeNode, style: Run) -> Iterator[Run]:
    if node.type in ("text", "softbreak"):
        yield Run(node.content or " ", style.bold, style.italic)
        return
    bold, italic = style.bold or node.type == "strong", style.italic or node.type == "em"
    for child in node.children:
        yield from _runs(child, Run("", bold, italic))
