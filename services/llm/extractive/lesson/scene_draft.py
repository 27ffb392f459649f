"""Scenes while a lesson is being planned."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType

from mootion.document.v1.document_pb2 import Citation
from mootion.video.v1.script_pb2 import Scene

from services.llm.extractive.lesson.speech import seconds_of

# Seconds in which a scene of a kind shows more than is said, such as the time to think about a question.
SILENT_SECONDS = MappingProxyType({"checkpoint": 2.8, "worked_example": 2.7, "graph": 0.6})
MOST_CITATIONS = 20
MOST_NARRATION = 30


@dataclass
class SceneDraft:
    """A scene that may come into the lesson.

    `scene` has its title and content; `forms` are ways to say what must be said, of which scenes of the same kind take
    turns; `more` is what can be said if there is time. `anchor` is the sentence of the document it belongs to, `worth`
    how much it adds to a lesson, and `terms` what it is about.
    """

    scene: Scene
    forms: Sequence[Sequence[str]]
    citations: list[Citation]
    anchor: int
    worth: float
    terms: frozenset[int] = frozenset()
    more: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The name of its content, such as `definition`."""
        return str(self.scene.WhichOneof("content"))

    @cached_property
    def sources(self) -> frozenset[tuple[str, int]]:
        """The sentences it quotes, by passage and first character."""
        return frozenset((citation.passage_id, citation.start_char) for citation in self.citations)

    @cached_property
    def least(self) -> float:
        """How long it lasts with what must be said."""
        return self.seconds_with(self.forms[0])

    def seconds_with(self, narration: Sequence[str]) -> float:
        """How long it lasts when `narration` is said."""
        return seconds_of(narration) + SILENT_SECONDS.get(self.kind, 0.0)

    def finished(self, narration: Sequence[str]) -> Scene:
        """The scene with what is said and where it comes from, and an identifier made of all that."""
        scene = Scene()
        scene.CopyFrom(self.scene)
        scene.narration.extend(narration[:MOST_NARRATION])
        scene.citations.extend(self.citations[:MOST_CITATIONS])
        scene.scene_id = blake2b(scene.SerializeToString(deterministic=True), digest_size=12).hexdigest()
        return scene
