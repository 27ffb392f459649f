"""Which paragraphs are headings, and how deep: by the file's outline, else by size and weight."""

import re
from collections import Counter

from workers.documents.blocks import Kind
from workers.documents.margins import Setting
from workers.documents.paragraphs import Paragraph, is_wholly
from workers.documents.pdf_outline import Bookmark

_LONGEST = 220
_MOST_LINES = 5
_NUMBERING = re.compile(
    r"^(chapter|section|part|kapitel|chapitre|capítulo)?\s*([\dIVX]+[.):]?)*[\d.]*\s*", re.IGNORECASE
)
_WORDS = re.compile(r"[^\W_]+")
_NO_HEADING_END = re.compile(r"[,;.]$")

# Size in half points, bold throughout, italic throughout.
Look = tuple[int, bool, bool]


def mark_headings(paragraphs: list[Paragraph], outline: list[Bookmark], setting: Setting) -> None:
    """Makes paragraphs HEADINGs and gives each its level, 1 for the outermost.

    A paragraph is a heading when the outline names it on its page, or when it is short, larger than the
    running text or bold throughout, and set in a style that less than a fifth of the document has. Levels
    come from the outline; headings it lacks take the level of those that look the same, else the place of
    their size among the others.
    """
    named = _named(paragraphs, outline)
    total = sum(len(line.text) for paragraph in paragraphs for line in paragraph.lines)
    share: Counter[Look] = Counter()
    for paragraph in paragraphs:
        share[_look(paragraph)] += sum(len(line.text) for line in paragraph.lines)
    found: list[tuple[int, Paragraph]] = []
    for place, paragraph in enumerate(paragraphs):
        common = share[_look(paragraph)] > 0.2 * total
        if place in named or (not common and _stands_out(paragraph, setting)):
            paragraph.kind = Kind.HEADING
            found.append((place, paragraph))
    _set_levels(found, named)


def _named(paragraphs: list[Paragraph], outline: list[Bookmark]) -> dict[int, int]:
    """Levels of the paragraphs that the outline names, by their place."""
    wanted: dict[str, list[Bookmark]] = {}
    for mark in outline:
        wanted.setdefault(_folded(mark.title), []).append(mark)
    named: dict[int, int] = {}
    for place, paragraph in enumerate(paragraphs):
        if not wanted or len(paragraph.lines) > _MOST_LINES or paragraph.rows:
            continue
        marks = wanted.get(_folded(" ".join(line.text for line in paragraph.lines)), [])
        match = next(
            (mark for mark in marks if not mark.page or abs(mark.page - paragraph.first.page) <= 1), None
        )
        if match is not None:
            named[place] = match.level
            marks.remove(match)
    return named


def _folded(title: str) -> str:
    bare = "".join(_WORDS.findall(title.casefold()))
    return "".join(_WORDS.findall(_NUMBERING.sub("", title).casefold())) or bare


def _look(paragraph: Paragraph) -> Look:
    first = paragraph.first
    wholly = all(is_wholly(line) for line in paragraph.lines)
    return round(first.size * 2), wholly and first.bold, wholly and first.italic


def _stands_out(paragraph: Paragraph, setting: Setting) -> bool:
    if (
        paragraph.kind not in (Kind.PARAGRAPH, Kind.LIST_ITEM)
        or len(paragraph.lines) > _MOST_LINES
        or paragraph.rows
    ):
        return False
    text = " ".join(line.text for line in paragraph.lines)
    if len(text) > _LONGEST or sum(map(str.isalpha, text)) < 2 or text[0] in "•◦▪–—·":
        return False
    if _NO_HEADING_END.search(text):
        return False
    size, bold, _ = _look(paragraph)
    body = setting.body_size
    return size / 2 > 1.08 * body or (bold and size / 2 > 0.8 * body)


def _set_levels(found: list[tuple[int, Paragraph]], named: dict[int, int]) -> None:
    looks: dict[Look, Counter[int]] = {}
    for place, paragraph in found:
        levels = looks.setdefault(_look(paragraph), Counter())
        if place in named:
            levels[named[place]] += 1
    ranks = _ranks(looks)
    raised = min(ranks.values(), default=1)
    for place, paragraph in found:
        level = named.get(place, ranks[_look(paragraph)])
        paragraph.level = level - min(raised, 1) + 1


def _ranks(looks: dict[Look, Counter[int]]) -> dict[Look, int]:
    """The level of each look: the outline's where it names any such heading, else one below the next larger
    look.
    """
    ranks: dict[Look, int] = {}
    order = sorted(looks, key=lambda look: (-look[0], not look[1], look[2]))
    first_named = next((place for place, look in enumerate(order) if looks[look]), len(order))
    above = 0
    for place, look in enumerate(order):
        levels = looks[look]
        if levels:
            above = levels.most_common(1)[0][0]
        elif place < first_named < len(order):
            above = min(looks[order[first_named]]) - (first_named - place)
        else:
            above += 1
        ranks[look] = above
    return ranks
