"""Passages: whole paragraphs of one section, as long as answers and questions need."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.documents.blocks import Block, Kind
from workers.documents.lines import Span
from workers.documents.sections import Section
from workers.documents.sentences import sentence_ends

TARGET = 900  # characters: a passage takes another paragraph while it stays within
LONGEST = 1300  # characters: a paragraph beyond this is split where a sentence ends
SEPARATOR = 2  # characters between two passages in the document's text

PageSpan = tuple[int, int, int]


@dataclass(slots=True)
class PassageText:
    """One passage. `page_spans` has page, first character and one past the last, without gaps.

    `start` is the first character within the document's text, which is its passages parted by two newlines.
    """

    text: str
    path: tuple[str, ...]
    start: int
    page_spans: list[PageSpan]
    emphasized: list[str]


@dataclass(slots=True)
class _Piece:
    """A paragraph or a part of a long one."""

    text: str
    starts: list[tuple[int, int]]
    emphasis: list[Span]
    is_note: bool
    leads_on: bool


def split_passages(sections: Iterable[Section]) -> Iterator[PassageText]:
    """The passages of a document in reading order.

    A passage never crosses a section. Paragraphs go together up to 900 characters; a line that announces a
    list, and a last short paragraph, may take it to 1,300. Longer paragraphs are split where sentences end.
    Footnotes follow at the end of their section, in passages of their own.
    """
    start = 0
    for section in sections:
        for group in _groups(section):
            passage = _passage(group, section.path, start)
            start += len(passage.text) + SEPARATOR
            yield passage


def _groups(section: Section) -> Iterator[list[_Piece]]:
    notes = [block for block in section.blocks if block.kind is Kind.FOOTNOTE]
    body = [block for block in section.blocks if block.kind is not Kind.FOOTNOTE]
    for blocks in (body, notes):
        groups: list[list[_Piece]] = []
        for piece in (piece for block in blocks for piece in _pieces(block)):
            if groups and _fits(groups[-1], piece):
                groups[-1].append(piece)
            else:
                groups.append([piece])
        if (
            len(groups) > 1
            and _length(groups[-1]) < TARGET // 4
            and _length(groups[-2]) + _length(groups[-1]) < LONGEST
        ):
            last = groups.pop()
            groups[-1] += last
        yield from groups


def _length(group: list[_Piece]) -> int:
    return sum(len(piece.text) + 1 for piece in group)


def _fits(group: list[_Piece], piece: _Piece) -> bool:
    limit = LONGEST if group[-1].leads_on else TARGET
    return _length(group) + len(piece.text) <= limit


def _pieces(block: Block) -> Iterator[_Piece]:
    begin = 0
    for end in _cuts(block):
        text = block.text[begin:end].rstrip()
        starts = _starts_within(block.starts, begin, begin + len(text))
        emphasis = [
            (max(0, a - begin), min(b - begin, len(text))) for a, b in block.emphasis if a < end and b > begin
        ]
        yield _Piece(text, starts, emphasis, block.kind is Kind.FOOTNOTE, text.endswith(":"))
        begin = end


def _starts_within(starts: list[tuple[int, int]], begin: int, end: int) -> list[tuple[int, int]]:
    page = next((page for page, start in reversed(starts) if start <= begin), starts[0][0])
    return [(page, 0)] + [(other, start - begin) for other, start in starts if begin < start < end]


def _cuts(block: Block) -> list[int]:
    """Where a block is cut: after rows of a table, else sentences, gathered into parts of even length."""
    if len(block.text) <= LONGEST:
        return [len(block.text)]
    ends = [end for sentence in _units(block) for end in sentence]
    parts = -(-len(block.text) // TARGET)
    even = len(block.text) / parts
    cuts = [0]
    for end, following in zip(ends, [*ends[1:], len(block.text)], strict=True):
        if following - cuts[-1] > LONGEST or end - cuts[-1] >= even:
            cuts.append(end)
    if cuts[-1] != len(block.text):
        cuts.append(len(block.text))
    return cuts[1:]


def _units(block: Block) -> Iterator[list[int]]:
    """Ends of the parts that stay whole; a sentence longer than a passage is parted between words."""
    begin = 0
    rows = [place + 1 for place, sign in enumerate(block.text) if sign == "\n"] + [len(block.text)]
    for end in rows if block.kind is Kind.TABLE else sentence_ends(block.text):
        ends = []
        while end - begin > LONGEST:
            space = block.text.rfind(" ", begin + TARGET // 2, begin + TARGET)
            begin = space + 1 if space > 0 else begin + TARGET
            ends.append(begin)
        begin = end
        yield [*ends, end]


def _passage(group: list[_Piece], path: tuple[str, ...], start: int) -> PassageText:
    text = "\n".join(piece.text for piece in group)
    marks: list[tuple[int, int]] = []
    emphasized: list[str] = []
    offset = 0
    for piece in group:
        for page, place in piece.starts:
            if not marks or marks[-1][0] != page:
                marks.append((page, offset + place))
        words = (piece.text[a:b].strip(" ,;:.") for a, b in piece.emphasis)
        emphasized += [word for word in words if sum(map(str.isalpha, word)) > 1]
        offset += len(piece.text) + 1
    ends = [place for _, place in marks[1:]] + [len(text)]
    spans = [(page, begin, end) for (page, begin), end in zip(marks, ends, strict=True)]
    return PassageText(text, path, start, spans, emphasized)
