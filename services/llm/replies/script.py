"""Lesson scripts as a model writes them, and as the document bears them out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from mootion.document.v1.document_pb2 import Citation
from mootion.video.v1 import script_pb2

from mesh.ids import derived
from mesh.validation import Validator
from services.llm.guard import Guard, support, words_in
from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked, Reply
from services.llm.replies.scenes import Content

WORDS_A_SECOND = 2.5
FEWEST_SCENES = 3
MOST_SCENES = 24
MOST_CITATIONS = 8
LONGEST_TEXT = 1500
LONGEST_TITLE = 300
LONGEST_OBJECTIVE = 500
# Share of the words of a scene that the text must have: narration links and addresses the listener as well.
LEAST_SUPPORT = 0.45
# A lesson may be so much shorter or longer than it was asked to be.
SHORTEST, LONGEST = 0.5, 1.7
_EXPRESSION = re.compile(r"(?:[\d.\s+\-*/()x]|sqrt|sin|cos|tan|exp|log|pi)+")
_LATEX = re.compile(r"[^$%#\x00-\x1f]{1,1000}")
# Not words for a reader: judged by rules of their own.
FORMAL = frozenset({"kind", "latex", "expression", "source", "language", "key", "source_key", "target_key"})
UNPROVED = frozenset({"title_card"})


class SceneReply(Reply):
    """One scene: what is said, what is shown, and the quotes that both rest on."""

    title: str
    narration: list[str]
    quotes: list[str]
    content: Content


class ScriptReply(Reply):
    """A lesson."""

    title: str
    objective: str
    scenes: list[SceneReply]


@dataclass(frozen=True)
class ScriptCheck:
    """Judges a script.

    Args:
        seconds: how long the lesson should last.
    """

    quotes: Quotes
    guard: Guard
    validator: Validator
    seconds: float
    language: str

    def check(self, reply: ScriptReply) -> Checked[script_pb2.LessonScript]:
        """Keeps the scenes that the text bears out; a script of too few of them is of no use."""
        script = script_pb2.LessonScript(
            title=reply.title.strip(), objective=reply.objective.strip(), language=self.language
        )
        problems = self._frame_problems(reply)
        for number, given in enumerate(reply.scenes[:MOST_SCENES], 1):
            problem, scene = self._scene(given)
            if problem:
                problems.append(f"Scene {number} {problem}.")
            else:
                script.scenes.append(scene)
        lengths = self._length_problems(script)
        unusable = len(script.scenes) < FEWEST_SCENES or self._frame_problems(reply)
        kept = 0 if unusable else len(script.scenes)
        return Checked(script, kept, [*lengths, *problems] or _too_few(script), flawed=bool(lengths))

    def _frame_problems(self, reply: ScriptReply) -> list[str]:
        title = self.guard.problem(reply.title, LONGEST_TITLE)
        objective = self.guard.problem(reply.objective, LONGEST_OBJECTIVE)
        found = [f"The title {title}."] if title else []
        return found + ([f"The objective {objective}."] if objective else [])

    def _length_problems(self, script: script_pb2.LessonScript) -> list[str]:
        words = sum(len(words_in(line)) for scene in script.scenes for line in scene.narration)
        share = words / (self.seconds * WORDS_A_SECOND)
        if SHORTEST <= share <= LONGEST:
            return []
        wanted = round(self.seconds * WORDS_A_SECOND)
        return [f"The narration has {words} words in all: make it about {wanted}."]

    def _scene(self, given: SceneReply) -> tuple[str | None, script_pb2.Scene]:
        kind = given.content.kind
        shown = given.content.model_dump(exclude={"kind"})
        scene = script_pb2.Scene(title=given.title.strip(), narration=[n.strip() for n in given.narration])
        found = [citation for citation in map(self.quotes.find, given.quotes) if citation is not None]
        problem = self._words_problem(given, shown) or self._proof_problem(given, found)
        if problem:
            return problem, scene
        json_format.ParseDict(shown, getattr(scene, kind))
        scene.citations.extend(found[:MOST_CITATIONS])
        scene.scene_id = derived("scene", scene.SerializeToString(deterministic=True).hex())
        violations = self.validator.violations(scene)
        return (
            f"is not valid: {violations[0].field} {violations[0].description}" if violations else None
        ), scene

    def _words_problem(self, given: SceneReply, shown: Mapping[str, Any]) -> str | None:
        texts = [given.title, *given.narration, *_texts(shown)]
        if not given.narration:
            return "says nothing: its narration is empty"
        problems = (self.guard.problem(text, LONGEST_TEXT) for text in texts if text)
        return next((f"has a text that {problem}" for problem in problems if problem), None)

    def _proof_problem(self, given: SceneReply, found: Sequence[Citation]) -> str | None:
        content = given.content
        if content.kind not in UNPROVED and not found:
            return "has no quote that stands in the text word for word"
        if support(" ".join(given.narration), [self.guard.document]) < LEAST_SUPPORT:
            return "says what the text does not"
        if content.kind == "plot" and not (
            _EXPRESSION.fullmatch(content.expression) and content.x_min < content.x_max
        ):
            return "has an expression that is more than x, numbers, + - * / ( ) and known functions"
        if content.kind == "equation" and not _LATEX.fullmatch(content.latex):
            return "has a formula with delimiters or comments"
        if content.kind == "code" and self.quotes.find(content.source) is None:
            return "shows code that does not stand in the text"
        if (
            content.kind == "checkpoint"
            and content.options
            and content.answer_index not in range(len(content.options))
        ):
            return "has an answer_index that is none of its options"
        return None


def _texts(shown: Any, name: str = "") -> Iterator[str]:
    """All the texts for a reader in what a scene shows."""
    if isinstance(shown, str) and name not in FORMAL:
        yield shown
    elif isinstance(shown, Mapping):
        for key, value in shown.items():
            yield from _texts(value, key)
    elif isinstance(shown, Sequence) and not isinstance(shown, str):
        for value in shown:
            yield from _texts(value, name)


def _too_few(script: script_pb2.LessonScript) -> list[str]:
    if len(script.scenes) >= FEWEST_SCENES:
        return []
    return [f"A lesson has at least {FEWEST_SCENES} scenes that the text bears out."]
