"""A scene that shows how the concepts of a lesson build on each other."""

from collections.abc import Iterator

from mootion.llm.v1.task_pb2 import PREREQUISITE, Relation
from mootion.video.v1.script_pb2 import GraphContent, GraphContentEdge, GraphContentNode, Scene

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.questions.wording import with_capital

_MOST_NODES = 7
_FEWEST_EDGES = 3
_SAID_EDGES = 2


def draft(material: Material) -> Iterator[SceneDraft]:
    """One scene of the strongest prerequisites among the foremost concepts, where there are enough of them."""
    edges = _edges(material)
    if len(edges) < _FEWEST_EDGES:
        return
    names = list(dict.fromkeys(name for edge in edges for name in (edge.source, edge.target)))
    keys = {name: f"n{i}" for i, name in enumerate(names)}
    content = GraphContent(
        nodes=[GraphContentNode(key=keys[name], label=with_capital(name)) for name in names],
        edges=[GraphContentEdge(source_key=keys[e.source], target_key=keys[e.target]) for e in edges],
    )
    said = [s for e in edges[:_SAID_EDGES] for s in spoken(f"To understand {e.target}, you first need {e.source}")]
    yield SceneDraft(
        scene=Scene(title="How the ideas fit together", graph=content),
        forms=[["Let us see how these ideas fit together.", *said, "Follow the arrows from the basics upwards."]],
        citations=[e.evidence for e in edges if e.evidence.quote],
        anchor=len(material.analysis.sentences),
        worth=1.1,
    )


def _edges(material: Material) -> list[Relation]:
    """Prerequisites among few concepts, the strongest first, each new edge touching those before where it can."""
    ranked = sorted(
        (r for r in material.relations if r.type == PREREQUISITE), key=lambda r: (-r.weight, r.source, r.target)
    )
    chosen: list[Relation] = []
    names: set[str] = set()
    for _ in range(3):
        for relation in ranked:
            ends = {relation.source, relation.target}
            joined = not chosen or bool(ends & names)
            if relation not in chosen and joined and len(names | ends) <= _MOST_NODES:
                chosen.append(relation)
                names |= ends
    return chosen
