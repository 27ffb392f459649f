"""The first and the last scene of a lesson, its title and its objective."""

import re
from collections.abc import Sequence
from random import Random

from mootion.llm.v1.llm_service_pb2 import WriteScriptRequest
from mootion.video.v1.script_pb2 import BulletsContent, Scene, TitleContent

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.scenes.definition import with_article
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.contrary import statement_of
from services.llm.extractive.questions.standalone import points_within
from services.llm.extractive.questions.wording import (
    is_plural,
    joined,
    with_capital,
    with_small_letter,
    word_count,
)
from services.llm.extractive.sentences import SentenceKind

LONGEST_TITLE = 120
LONGEST_HOOK_WORDS = 22
_MOST_NAMES = 3
_STRIKING = re.compile(
    r"\d[\d.,]*|\b(?:million|billion|most|largest|smallest|fastest|strongest|highest|only|never|every|impossible|oldest)\b"
)
_EARLY_SENTENCES = 25
# Words of a point in the summary: few points may be longer.
_POINT_WORDS = 18
_POINT_WORDS_OF_MANY = 10
_MANY_POINTS = 4
_LONGEST_WHOLE_MEANING = 22


def title_of(request: WriteScriptRequest, material: Material) -> str:
    """The topic, else the document's title, else the outermost heading, else the foremost concept."""
    if request.topic.strip():
        return with_capital(request.topic.strip())[:LONGEST_TITLE]
    if request.document_title.strip():
        return request.document_title.strip()[:LONGEST_TITLE]
    heading = next((p.section_path[0] for p in material.analysis.passages if p.section_path), "")
    name = with_capital(material.concepts[0].name) if material.concepts else "Lesson"
    return (heading.strip() or name)[:LONGEST_TITLE]


def objective_of(material: Material, scenes: Sequence[SceneDraft]) -> str:
    """What a learner can do afterwards, in one sentence."""
    names = [_said_name(material, term) for term in taught_terms(scenes)[:_MOST_NAMES]]
    if not names:
        return "Sum up in your own words what the text says."
    extra = {
        "process": "put the steps in order",
        "equation": "use the formula",
        "comparison": "tell them apart",
    }
    also = next((extra[s.kind] for s in scenes if s.kind in extra), "say how they belong together")
    if len(names) == 1 and also != extra["equation"]:
        also = "give an example"
    return f"Explain {_learnt(names)}, and {also}."


def opening(
    material: Material,
    title: str,
    objective: str,
    scenes: Sequence[SceneDraft],
    random: Random,
    is_short: bool,
) -> SceneDraft:
    """The title card with a hook, what the lesson is about, and its objective; in fewer words where time is short."""
    hook, source = _hook(material, scenes, random)
    names = [material.shop.reading.terms[t].name for t in taught_terms(scenes)[:_MOST_NAMES]]
    subtitle = with_capital(joined(names)) if names else objective
    said_names = 1 if is_short else _MOST_NAMES
    learnt = _learnt([_said_name(material, t) for t in taught_terms(scenes)[:said_names]])
    about = "Here you will learn it." if is_short and learnt else _about(material, title, learnt)
    return SceneDraft(
        scene=Scene(title=title, title_card=TitleContent(subtitle=subtitle[:500])),
        forms=[[*hook, *spoken(about)]],
        citations=[material.shop.citation(source)] if source is not None else [],
        anchor=-1,
        worth=0.0,
    )


def summary(material: Material, scenes: Sequence[SceneDraft]) -> SceneDraft:
    """The points to keep, and a last word."""
    terms = [t for t in taught_terms(scenes) if t in material.definition_of][:5]
    points, sources = [], []
    for term in terms:
        definition = material.definition_of[term]
        meaning = _kept(definition.meaning, len(terms))
        if meaning is not None:
            points.append(f"{with_capital(definition.named)}: {with_small_letter(meaning)}")
            sources.append(definition.sentence)
    for scene in scenes:
        if not points and scene.kind == "bullets":
            points.extend(list(scene.scene.bullets.points)[:4])
    names = [_said_name(material, t) for t in terms[:_MOST_NAMES]]
    return SceneDraft(
        scene=Scene(
            title="Summary", bullets=BulletsContent(points=points or [s.scene.title for s in scenes[:4]])
        ),
        forms=[["Let us sum up.", "These are the points to keep in mind."]],
        citations=[material.shop.citation(sentence) for sentence in sources],
        anchor=len(material.analysis.sentences),
        worth=0.0,
        more=[
            f"Could you now explain {_learnt(names)}?" if names else "Which of them is new to you?",
            "Say it in your own words, and you have got it.",
        ],
    )


def _kept(meaning: str, count: int) -> str | None:
    """A meaning as a point of a summary of `count` points."""
    if count >= _MANY_POINTS:
        return short_point(meaning, _POINT_WORDS_OF_MANY)
    return meaning if word_count(meaning) <= _LONGEST_WHOLE_MEANING else short_point(meaning, _POINT_WORDS)


def _about(material: Material, title: str, learnt: str) -> str:
    """What the lesson is about, said in one sentence."""
    if learnt and re.match(r"(?:how|why|what|when|where|who|which|\w+ing)\b", title, re.IGNORECASE):
        return f"In this lesson, you will learn {learnt}."
    about = material.inside(title.rsplit(": ", 1)[-1])
    return (
        f"In this lesson on {about}, you will learn {learnt}." if learnt else f"This lesson is about {about}."
    )


def _learnt(names: Sequence[str]) -> str:
    """`what an atom and a bond are`; empty without names."""
    if not names:
        return ""
    return f"what {joined(names)} {'are' if len(names) > 1 else _is_or_are(names[0])}"


def _is_or_are(name: str) -> str:
    return "are" if is_plural(name) and not re.match(r"an? ", name) else "is"


def taught_terms(scenes: Sequence[SceneDraft]) -> list[int]:
    """The terms that scenes explain, in order."""
    found = [t for s in scenes if s.kind in ("definition", "comparison") for t in sorted(s.terms)]
    found += [t for s in scenes if s.kind in ("equation", "bullets") for t in sorted(s.terms)[:1]]
    return list(dict.fromkeys(found))


def _said_name(material: Material, term: int) -> str:
    definition = material.definition_of.get(term)
    return (
        with_article(material, definition)
        if definition is not None
        else material.shop.reading.terms[term].name
    )


def _hook(
    material: Material, scenes: Sequence[SceneDraft], random: Random
) -> tuple[list[str], Sentence | None]:
    """Something to be curious about: a question of the text, a striking fact, else a plain question."""
    found = [*_questions(material), *_surprises(material, scenes)]
    if found:
        said, sentence = found[random.randrange(min(len(found), 3))]
        return spoken(said), sentence
    terms = taught_terms(scenes)
    if not terms:
        return [], None
    name = _said_name(material, next((t for t in terms if material.importance[t] > 1.0), terms[0]))
    return [f"Have you ever wondered what {name} really {_is_or_are(name)}?"], None


def _questions(material: Material) -> list[tuple[str, Sentence]]:
    found = []
    for sentence in material.analysis.sentences[:_EARLY_SENTENCES]:
        short = 5 <= word_count(sentence.text) <= LONGEST_HOOK_WORDS
        asks = sentence.kind is SentenceKind.QUESTION and re.match(
            r"(?:what|how|why|when|where|who|which|do|does|is|are|can|could|have|has|did)\b",
            sentence.text,
            re.IGNORECASE,
        )
        pronoun = re.search(
            r"\b(?:they|them|it|its|these|those|he|she|same|so|then)\b", sentence.text, re.IGNORECASE
        )
        if (
            asks
            and short
            and not points_within(sentence.text)
            and not pronoun
            and material.terms_in(sentence)
        ):
            found.append((sentence.text, sentence))
    return found


def _surprises(material: Material, scenes: Sequence[SceneDraft]) -> list[tuple[str, Sentence]]:
    """Short statements on what the lesson teaches that hold a number or a superlative."""
    taught = frozenset(t for s in scenes for t in s.terms)
    shown = {s.anchor for s in scenes}
    found = []
    for sentence in material.shop.reading.standing:
        terms = material.terms_in(sentence) & taught
        statement = statement_of(sentence)
        striking = _STRIKING.search(statement)
        short = word_count(statement) <= LONGEST_HOOK_WORDS - 3
        if terms and striking and short and sentence.index not in shown:
            weight = max(material.importance[t] for t in terms) + 0.5 * striking[0][:1].isdigit()
            found.append((weight, statement, sentence))
    found.sort(key=lambda f: (-f[0], f[2].index))
    return [(f"Did you know that {_inside(material, said)}?", sentence) for _, said, sentence in found]


def _inside(material: Material, statement: str) -> str:
    """A statement inside a sentence: its first word keeps its capital where the text never writes it small."""
    text = statement.rstrip(".")
    first = text.split()[0].lower()
    small = first in material.shop.reading.small_forms or any(
        t.name == first for t in material.shop.reading.terms
    )
    return with_small_letter(text) if small else text
