"""Scenes with an order: the steps of a process, one thing leading to the next, and events on a line of time."""

import re
from collections.abc import Iterator, Sequence

from mootion.video.v1.script_pb2 import ProcessContent, Scene, TimelineContent, TimelineEvent

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.lesson.chains import Steps, chains
from services.llm.extractive.lesson.dates import FEWEST_EVENTS, Event, dated
from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.questions.wording import cleaned, with_capital, with_small_letter, word_count

# Events of one scene; the fewer are taken where a lesson has less time.
_EVENTS = (6, 4, 3)
_MOST_SAID_WORDS = 16
_STEP_OPENINGS = ("First,", "Then,", "Next,", "After that,", "Then,", "Next,")
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight")


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every run of steps and chain of causes, and some of other lengths for every line of time."""
    for steps in chains(material.shop.reading):
        yield _chain(material, steps) if steps.is_chain else _process(material, steps)
    for title, events in dated(material.shop.reading):
        counts = dict.fromkeys(min(count, len(events)) for count in _EVENTS)
        for count in counts:
            if count >= FEWEST_EVENTS:
                yield _timeline(material, title, _spread(events, count))


def _process(material: Material, steps: Steps) -> SceneDraft:
    count = len(steps.shown)
    said = [sentence for i, step in enumerate(steps.said) for sentence in _said_step(i, count, step)]
    title = with_capital(steps.title) or "Step by step"
    return SceneDraft(
        scene=Scene(title=title[:300], process=_content(title, steps)),
        forms=[[f"Here is how it goes, in {_NUMBERS[count - 2]} steps.", *said]],
        citations=[material.shop.citation(source) for source in steps.sources],
        anchor=steps.sources[0].index,
        worth=1.3 + _importance(material, steps.sources),
        terms=_terms(material, steps.sources),
    )


def _chain(material: Material, steps: Steps) -> SceneDraft:
    """One sentence in which one thing leads to the next, said as it stands."""
    sentence = steps.sources[0]
    terms = sorted(_terms(material, steps.sources), key=lambda t: (-material.importance[t], t))
    name = material.shop.reading.terms[terms[0]].name if terms else ""
    return SceneDraft(
        scene=Scene(
            title=f"Cause and effect: {name}" if name else "Cause and effect", process=_content("", steps)
        ),
        forms=[
            ["One thing leads to another here.", *spoken(cleaned(sentence.text))],
            ["Watch what follows from what.", *spoken(cleaned(sentence.text))],
        ],
        citations=[material.shop.citation(sentence)],
        anchor=sentence.index,
        worth=0.5 + 0.2 * len(steps.shown) + _importance(material, steps.sources),
        terms=frozenset(terms),
    )


def _content(title: str, steps: Steps) -> ProcessContent:
    return ProcessContent(steps=steps.shown, cyclic=bool(re.search(r"\bcycles?\b", title, re.IGNORECASE)))


def _said_step(position: int, count: int, step: str) -> list[str]:
    opening = "Finally," if position == count - 1 else _STEP_OPENINGS[min(position, len(_STEP_OPENINGS) - 1)]
    return spoken(f"{opening} {with_small_letter(step)}")


def _timeline(material: Material, title: str, events: Sequence[Event]) -> SceneDraft:
    content = TimelineContent(events=[TimelineEvent(when=event.when, what=event.shown) for event in events])
    said = [sentence for event in events for sentence in _said_event(event)]
    sources = [event.sentence for event in events]
    return SceneDraft(
        scene=Scene(title=(with_capital(title) or "A short history")[:300], timeline=content),
        forms=[["How did we come to know all this?", *said]],
        citations=[material.shop.citation(source) for source in sources],
        anchor=sources[0].index,
        worth=0.1 + 0.4 * len(events) + _importance(material, sources),
        terms=_terms(material, sources),
    )


def _said_event(event: Event) -> list[str]:
    text = event.said if word_count(event.said) <= _MOST_SAID_WORDS else event.shown
    return spoken(f"In {_the(event.when)}, {_lowered(text)}")


def _the(when: str) -> str:
    return f"the {when}" if when.endswith("s") else when


def _lowered(text: str) -> str:
    """A clause inside a sentence: articles lose their capital, names keep it."""
    return with_small_letter(text) if re.match(r"(?:The|An?|In|It|At|By|For|Its)\b", text) else text


def _spread(events: Sequence[Event], count: int) -> list[Event]:
    """`count` events from the first to the last, evenly."""
    return [events[round(i * (len(events) - 1) / (count - 1))] for i in range(count)]


def _terms(material: Material, sources: Sequence[Sentence]) -> frozenset[int]:
    return frozenset(term for source in sources for term in material.terms_in(source))


def _importance(material: Material, sources: Sequence[Sentence]) -> float:
    return 0.6 * max((material.importance[term] for term in _terms(material, sources)), default=0.0)
