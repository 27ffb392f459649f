"""Scenes that set side by side what a text itself contrasts."""

import re
from collections.abc import Iterator

from mootion.video.v1.script_pb2 import ComparisonColumn, ComparisonContent, Scene

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.lesson.contrasts import Contrast, Side, contrasts
from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.wording import with_capital

_MOST_POINTS = 3


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every contrast of which something short can be said on both sides."""
    for contrast in contrasts(material.shop.reading):
        scene = _draft(material, contrast)
        if scene is not None:
            yield scene


def _draft(material: Material, contrast: Contrast) -> SceneDraft | None:
    sides = [_points(material, side) for side in (contrast.one, contrast.other)]
    rows = min(len(points) for points, _ in sides)
    if rows == 0:
        return None
    names = [material.inside(side.name) for side in (contrast.one, contrast.other)]
    terms = frozenset(t for side in (contrast.one, contrast.other) for t in _terms(material, side))
    sources = {s.index: s for s in contrast.sentences}
    sources.update((s.index, s) for _, found in sides for s in found[:rows])
    columns = [
        ComparisonColumn(heading=with_capital(name), points=points[:rows])
        for name, (points, _) in zip(names, sides, strict=True)
    ]
    said = [sentence for source in contrast.sentences for sentence in spoken(source.text)]
    return SceneDraft(
        scene=Scene(
            title=f"{with_capital(names[0])} and {names[1]}", comparison=ComparisonContent(columns=columns)
        ),
        forms=[[f"What sets {names[0]} apart from {names[1]}?", *said]],
        citations=[material.shop.citation(sources[index]) for index in sorted(sources)],
        anchor=contrast.other.sentence.index,
        worth=0.6 + max((material.importance[t] for t in terms), default=0.0) + 0.15 * rows,
        terms=terms,
    )


def _terms(material: Material, side: Side) -> frozenset[int]:
    reading = material.shop.reading
    return frozenset(mention.term for mention in reading.mentions_in(reading.tokens_of(side.name)))


def _points(material: Material, side: Side) -> tuple[list[str], list[Sentence]]:
    """What the contrast says of a side, then what the text says of its term elsewhere, with the sentences."""
    found = [(side.says, side.sentence)] if side.says else []
    term = material.shop.reading.find(material.shop.reading.key_of(side.name))
    if term is not None and term in material.definition_of:
        definition = material.definition_of[term]
        found.append((definition.meaning, definition.sentence))
    found += [(c.predicate, c.sentence) for c in material.shop.claims if c.term == term]
    points: dict[str, Sentence] = {}
    used = set[int]()
    for text, sentence in found:
        point = short_point(re.sub(r"^(?:is|are|was|were) (?=(?:an?|the|its|their)\b)", "", text))
        if point is not None and sentence.index not in used and len(points) < _MOST_POINTS:
            points[point] = sentence
            used.add(sentence.index)
    return list(points), list(points.values())
