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
from services.llm.extractive.questions.wording import with_capital, with_small_letter, word_count
from services.llm.extractive.sentences import SentenceKind

LONGEST_TITLE = 120
LONGEST_HOOK_WORDS = 22
_MOST_NAMES = 3
_EARLY_SENTENCES = 25


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
    names = [_said_name(material, term) for term in _taught(scenes)[:_MOST_NAMES]]
    if not names:
        return "Tell in your own words what the text says."
    extra = {"process": "put the steps in order", "equation": "use the formula", "comparison": "tell them apart"}
    also = next((extra[s.kind] for s in scenes if s.kind in extra), "say how they belong together")
    if len(names) == 1:
        also = "use the formula" if also == "use the formula" else "give an example"
    return f"Explain {joined(names)}, and {also}."


def opening(material: Material, title: str, objective: str, scenes: Sequence[SceneDraft], random: Random) -> SceneDraft:
    """The title card with a hook, what the lesson is about, and its objective."""
    hook, source = _hook(material, title, scenes, random)
    names = [material.shop.reading.terms[t].name for t in _taught(scenes)[:_MOST_NAMES]]
    subtitle = with_capital(joined(names)) if names else objective
    about = f"This lesson is about {_in_sentence(title)}."
    goal = f"At the end, you will be able to {with_small_letter(objective)}"
    return SceneDraft(
        scene=Scene(title=title, title_card=TitleContent(subtitle=subtitle[:500])),
        forms=[[*hook, *([about] if word_count(title) <= 12 else []), *spoken(goal)]],
        citations=[material.shop.citation(source)] if source is not None else [],
        anchor=-1,
        worth=0.0,
    )


def summary(material: Material, scenes: Sequence[SceneDraft]) -> SceneDraft:
    """The points to keep, and a last word."""
    terms = [t for t in _taught(scenes) if t in material.definition_of][:5]
    points, sources = [], []
    for term in terms:
        definition = material.definition_of[term]
        meaning = short_point(definition.meaning, 10)
        if meaning is not None:
            points.append(f"{with_capital(definition.named)}: {with_small_letter(meaning)}")
            sources.append(definition.sentence)
    for scene in scenes:
        if not points and scene.kind == "bullets":
            points.extend(list(scene.scene.bullets.points)[:4])
    names = [_said_name(material, t) for t in terms[:_MOST_NAMES]] or [_in_sentence(s.scene.title) for s in scenes[:2]]
    return SceneDraft(
        scene=Scene(title="Summary", bullets=BulletsContent(points=points or [s.scene.title for s in scenes[:4]])),
        forms=[["Let us sum up.", f"You have met {joined(names)}.", "Say in your own words what each of them means, and you have got it."]],
        citations=[material.shop.citation(sentence) for sentence in sources],
        anchor=len(material.analysis.sentences),
        worth=0.0,
    )


def joined(names: Sequence[str]) -> str:
    """Names with commas and an `and` before the last."""
    if len(names) < 2:
        return names[0] if names else ""
    return ", ".join(names[:-1]) + f" and {names[-1]}"


def _taught(scenes: Sequence[SceneDraft]) -> list[int]:
    """The terms that scenes explain, in order."""
    found = [t for s in scenes if s.kind in ("definition", "comparison") for t in sorted(s.terms)]
    found += [t for s in scenes if s.kind in ("equation", "bullets") for t in sorted(s.terms)[:1]]
    return list(dict.fromkeys(found))


def _said_name(material: Material, term: int) -> str:
    definition = material.definition_of.get(term)
    return with_article(definition) if definition is not None else material.shop.reading.terms[term].name


def _in_sentence(title: str) -> str:
    """A title inside a sentence: words that are no names lose their capitals."""
    words = title.split()
    if len(words) > 1 and all(w[:1].isupper() or len(w) < 4 for w in words):
        return " ".join(w if len(w) > 1 and w[1:] != w[1:].lower() else with_small_letter(w) for w in words)
    return with_small_letter(title) if title[1:2].islower() else title


def _hook(material: Material, title: str, scenes: Sequence[SceneDraft], random: Random) -> tuple[list[str], Sentence | None]:
    """Something to be curious about: a question of the text, a striking number, else a plain question."""
    found = [*_questions(material), *_surprises(material, scenes)]
    if found:
        said, sentence = found[random.randrange(min(len(found), 3))]
        return spoken(said), sentence
    return [f"What is {_in_sentence(title)} really about?"], None


def _questions(material: Material) -> list[tuple[str, Sentence]]:
    found = []
    for sentence in material.analysis.sentences[:_EARLY_SENTENCES]:
        short = 5 <= word_count(sentence.text) <= LONGEST_HOOK_WORDS
        alone = not points_within(sentence.text) and not re.match(r"(?:and|but|so|then|or|why not)\b", sentence.text, re.IGNORECASE)
        pronoun = re.search(r"\b(?:they|them|it|its|these|those|he|she)\b", sentence.text, re.IGNORECASE)
        if sentence.kind is SentenceKind.QUESTION and short and alone and not pronoun and material.terms_in(sentence):
            found.append((sentence.text, sentence))
    return found


def _surprises(material: Material, scenes: Sequence[SceneDraft]) -> list[tuple[str, Sentence]]:
    taught = frozenset(t for s in scenes for t in s.terms)
    weak = material.shop.reading.weak
    numbers = [
        q
        for q in material.shop.quantities
        if q.term in taught and not q.is_word and not q.is_year and q.sentence.index not in weak
        and word_count(q.text) <= LONGEST_HOOK_WORDS - 3
    ]
    numbers.sort(key=lambda q: (-material.importance[q.term], q.sentence.index))
    return [(f"Did you know that {_inside(statement_of(q.sentence))}?", q.sentence) for q in numbers]


def _inside(statement: str) -> str:
    return with_small_letter(statement.rstrip(".")) if re.match(r"(?:The|An?|In|As|At|On|About|Of|Most|All)\b", statement) else statement.rstrip(".")
