"""Scenes that set two terms side by side."""

import re
from collections.abc import Iterator
from itertools import combinations

from mootion.video.v1.script_pb2 import ComparisonColumn, ComparisonContent, Scene

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.scenes.definition import with_article
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.wording import with_capital, without_article

_CLOSE = 1.4
_MOST_PAIRS = 6


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for pairs of terms whose names or meanings begin alike and whose definitions stand close together."""
    pairs = []
    for a, b in combinations(list(material.definition_of.values()), 2):
        likeness = _likeness(a, b)
        if likeness >= _CLOSE:
            pairs.append((likeness + min(material.importance[a.term], material.importance[b.term]), a, b))
    pairs.sort(key=lambda pair: (-pair[0], pair[1].sentence.index, pair[2].sentence.index))
    for _, a, b in pairs[:_MOST_PAIRS]:
        scene = _draft(material, a, b)
        if scene is not None:
            yield scene


def _likeness(a: Definition, b: Definition) -> float:
    same_head = a.named.split()[-1].lower() == b.named.split()[-1].lower()
    openings = [re.findall(r"\w+", without_article(d.meaning).lower())[:2] for d in (a, b)]
    same_genus = openings[0][:1] == openings[1][:1]
    near = abs(a.sentence.index - b.sentence.index) <= 12
    return 1.2 * same_head + 0.8 * same_genus + 0.6 * near if a.is_plural == b.is_plural else 0.0


def _draft(material: Material, a: Definition, b: Definition) -> SceneDraft | None:
    columns = [_column(material, definition) for definition in (a, b)]
    if not all(column.points for column in columns):
        return None
    first, second = with_article(material, a), with_article(material, b)
    verb = "are" if b.is_plural else "is"
    said = [
        *spoken(f"{with_capital(first)} {verb} {a.meaning}"),
        *spoken(f"{with_capital(second)}, on the other hand, {verb} {b.meaning}"),
    ]
    rows = min(len(column.points) for column in columns)
    for column in columns:
        del column.points[rows:]
    return SceneDraft(
        scene=Scene(
            title=f"{with_capital(a.named)} and {b.named}", comparison=ComparisonContent(columns=columns)
        ),
        forms=[[f"How do {first} and {second} differ?", *said]],
        citations=[material.shop.citation(a.sentence), material.shop.citation(b.sentence)],
        anchor=max(a.sentence.index, b.sentence.index),
        worth=0.5 + 0.5 * (material.importance[a.term] + material.importance[b.term]),
        terms=frozenset((a.term, b.term)),
    )


def _column(material: Material, definition: Definition) -> ComparisonColumn:
    """The meaning, and what else the text says of the term, each as a short point."""
    texts = [definition.meaning]
    texts += [
        claim.predicate
        for claim in material.shop.claims
        if claim.term == definition.term and claim.sentence.index != definition.sentence.index
    ]
    points = (short_point(text) for text in texts[:3])
    return ComparisonColumn(
        heading=with_capital(definition.named), points=[point for point in points if point]
    )
