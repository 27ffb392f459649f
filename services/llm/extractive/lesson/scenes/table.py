"""Scenes that compare rows of a table."""

import re
from collections.abc import Iterator, Sequence

from mootion.video.v1.script_pb2 import ComparisonColumn, ComparisonContent, Scene

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.tables import Table, tables
from services.llm.extractive.questions.wording import joined, with_capital, with_small_letter, word_count

_MOST_ROWS = 3
_LONGEST_CELL_WORDS = 10
_NUMBER = re.compile(r"^[-−]?\d[\d.,]*$")
_UNIT = re.compile(r"\s*\((?P<unit>[^()]*)\)$")


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every table whose cells are short: its first, middle and last row, or all of two or three."""
    for table in tables(material.analysis):
        cells = [cell for row in (table.header, *table.rows) for cell in row]
        names = [row[0] for row in table.rows]
        if all(word_count(cell) <= _LONGEST_CELL_WORDS for cell in cells) and len(table.header) <= 5:
            yield _draft(
                material, table, _spread([i for i, name in enumerate(names) if names.index(name) == i])
            )


def _spread(rows: Sequence[int]) -> list[int]:
    if len(rows) <= _MOST_ROWS:
        return list(rows)
    return [rows[0], rows[len(rows) // 2], rows[-1]]


def _draft(material: Material, table: Table, rows: Sequence[int]) -> SceneDraft:
    shown = [table.rows[i] for i in rows]
    columns = [
        ComparisonColumn(
            heading=with_capital(row[0]),
            points=[_point(name, cell) for name, cell in zip(table.header[1:], row[1:], strict=True)],
        )
        for row in shown
    ]
    names = [material.inside(row[0]) for row in shown]
    reading = material.shop.reading
    terms = frozenset(m.term for name in table.header for m in reading.mentions_in(reading.tokens_of(name)))
    first = material.analysis.sentence_ranges[table.passage][0]
    spans = [table.spans[0], *(table.spans[i + 1] for i in rows)]
    return SceneDraft(
        scene=Scene(
            title=(table.title or with_capital(joined(names)))[:300],
            comparison=ComparisonContent(columns=columns),
        ),
        forms=[[f"Let us compare {joined(names)}.", *_said(table, shown, names)]],
        citations=[material.analysis.citation_of(table.passage, start, end) for start, end in spans],
        anchor=first,
        worth=0.9 + max((material.importance[t] for t in terms), default=0.0),
        terms=terms,
    )


def _point(name: str, cell: str) -> str:
    """`Density: 998 kg/m³` of the column `Density (kg/m³)` and the cell `998`."""
    unit = _UNIT.search(name)
    if unit is None:
        return f"{name}: {cell}"
    return f"{_UNIT.sub('', name)}: {cell} {unit['unit']}"


def _said(table: Table, shown: Sequence[tuple[str, ...]], names: Sequence[str]) -> list[str]:
    """One column row by row: the last of plain numbers, which most tables lead up to, else the last."""
    places = range(1, len(table.header))
    plain = [i for i in places if all(_NUMBER.match(row[i]) for row in shown)]
    place = plain[-1] if plain else places[-1]
    unit = _UNIT.search(table.header[place])
    subject = with_small_letter(_UNIT.sub("", table.header[place]))
    values = [f"{row[place]} {unit['unit']}" if unit else row[place] for row in shown]
    pairs = list(zip(values, names, strict=True))
    if plain:
        return spoken(f"The {subject} is {joined([f'{value} for {name}' for value, name in pairs])}")
    return [said for value, name in pairs for said in spoken(f"For {name}, the {subject} is {value}")]
