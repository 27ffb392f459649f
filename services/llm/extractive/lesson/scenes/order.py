"""Scenes with an order: the steps of a process and events on a line of time."""

import re
from collections.abc import Iterator

from mootion.video.v1.script_pb2 import ProcessContent, Scene, TimelineContent, TimelineEvent

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.sequences import Sequence
from services.llm.extractive.questions.wording import with_small_letter

_MOST_EVENTS = 5
_STEP_OPENINGS = ("First,", "Then,", "Next,", "After that,", "Then,", "Next,")


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every sequence of the text."""
    for sequence in material.shop.sequences:
        scene = _timeline(material, sequence) if sequence.is_timeline else _process(material, sequence)
        if scene is not None:
            yield scene


def _process(material: Material, sequence: Sequence) -> SceneDraft | None:
    steps = [short_point(step) for step in sequence.steps]
    if not all(steps):
        return None
    title = sequence.title or "Step by step"
    said = [sentence for i, step in enumerate(sequence.steps) for sentence in _said_step(i, len(steps), step)]
    return SceneDraft(
        scene=Scene(
            title=title,
            process=ProcessContent(
                steps=[step for step in steps if step],
                cyclic=bool(re.search(r"\bcycles?\b", title, re.IGNORECASE)),
            ),
        ),
        forms=[[f"Here is how it goes, in {len(steps)} steps.", *said]],
        citations=[material.shop.citation(source) for source in sequence.sources],
        anchor=sequence.sentence.index,
        worth=0.9 + _named(material, sequence),
        terms=frozenset(t for source in sequence.sources for t in material.terms_in(source)),
    )


def _said_step(position: int, count: int, step: str) -> list[str]:
    opening = "Finally," if position == count - 1 else _STEP_OPENINGS[min(position, len(_STEP_OPENINGS) - 1)]
    return spoken(f"{opening} {with_small_letter(step)}")


def _timeline(material: Material, sequence: Sequence) -> SceneDraft | None:
    events = [
        (when, point, step, source)
        for when, step, source in zip(sequence.whens, sequence.steps, sequence.sources, strict=True)
        if (point := short_point(step)) is not None
    ][:_MOST_EVENTS]
    if len(events) < 3:
        return None
    content = TimelineContent(events=[TimelineEvent(when=when, what=point) for when, point, _, _ in events])
    said = [
        sentence for when, _, step, _ in events for sentence in spoken(f"In {_the(when)}, {_lowered(step)}")
    ]
    return SceneDraft(
        scene=Scene(title=sequence.title or "A short history", timeline=content),
        forms=[["How did we come to know all this?", *said]],
        citations=[material.shop.citation(source) for _, _, _, source in events],
        anchor=sequence.sentence.index,
        worth=0.7 + _named(material, sequence),
        terms=frozenset(t for _, _, _, source in events for t in material.terms_in(source)),
    )


def _the(when: str) -> str:
    return f"the {when}" if when.endswith("s") else when


def _lowered(step: str) -> str:
    """A step inside a sentence: articles lose their capital, names keep it."""
    return with_small_letter(step) if re.match(r"(?:The|An?|In|It|At|By|For|Its)\b", step) else step


def _named(material: Material, sequence: Sequence) -> float:
    importances = [material.importance[t] for source in sequence.sources for t in material.terms_in(source)]
    return max(importances, default=0.0) * 0.6
