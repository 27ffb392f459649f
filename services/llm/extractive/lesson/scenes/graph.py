"""A scene that shows how the concepts of a lesson build on each other."""

from collections.abc import Callable, Sequence

from mootion.llm.v1.task_pb2 import PREREQUISITE, Relation
from mootion.video.v1.script_pb2 import GraphContent, GraphContentEdge, GraphContentNode, Scene

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.scenes.definition import with_article
from services.llm.extractive.questions.kinship import WordClass
from services.llm.extractive.questions.wording import is_plural, joined, with_capital

_MOST_NODES = 7
_FEWEST_EDGES = 3
_SAID_SOURCES = 2


def draft(material: Material, taught: frozenset[str]) -> SceneDraft | None:
    """The strongest prerequisites around the terms that a lesson has taught; None where there are too few."""
    edges = _edges(material, taught, _are_defined)
    if len(edges) < _FEWEST_EDGES:
        edges = _edges(material, taught, _are_ideas)
    if len(edges) < _FEWEST_EDGES:
        return None
    names = list(dict.fromkeys(name for edge in edges for name in (edge.source, edge.target)))
    keys = {name: f"n{i}" for i, name in enumerate(names)}
    content = GraphContent(
        nodes=[GraphContentNode(key=keys[name], label=with_capital(name)) for name in names],
        edges=[GraphContentEdge(source_key=keys[e.source], target_key=keys[e.target]) for e in edges],
    )
    return SceneDraft(
        scene=Scene(title="How the ideas fit together", graph=content),
        forms=[["Here is how these ideas build on each other.", *_said(material, edges)]],
        citations=[e.evidence for e in edges if e.evidence.quote],
        anchor=len(material.analysis.sentences),
        worth=1.0,
    )


def _are_ideas(material: Material, relation: Relation) -> bool:
    """Whether both ends are written in letters only, and are no names of persons or places."""
    for name in (relation.source, relation.target):
        term = material.shop.reading.find(material.shop.reading.key_of(name))
        if term is None or material.shop.kinship.word_class(term) is WordClass.NAME:
            return False
        if any(word[:1].isupper() for word in name.split()[1:]):
            return False
        if not all(letter.isalpha() or letter in " -'’" for letter in name):
            return False
    return True


def _are_defined(material: Material, relation: Relation) -> bool:
    """Whether the text says what both ends are."""
    return _are_ideas(material, relation) and all(
        material.shop.reading.find(material.shop.reading.key_of(name)) in material.definition_of
        for name in (relation.source, relation.target)
    )


def _named(material: Material, name: str) -> str:
    """A concept as a sentence speaks of it, with the article its definition gives it."""
    term = material.shop.reading.find(material.shop.reading.key_of(name))
    definition = material.definition_of.get(term) if term is not None else None
    return name if definition is None or is_plural(name) else with_article(material, definition)


def _said(material: Material, edges: Sequence[Relation]) -> list[str]:
    """From the concept that most others build on to those that build on it, two steps at most."""
    sources = sorted({e.source for e in edges}, key=lambda s: (-sum(e.source == s for e in edges), s))
    said = []
    for i, source in enumerate(sources[:_SAID_SOURCES]):
        targets = [_named(material, e.target) for e in edges if e.source == source][:3]
        opening = "We start with" if i == 0 else "Then there are" if is_plural(source) else "Then there is"
        verb = "lead" if is_plural(source) else "leads"
        said.append(f"{opening} {_named(material, source)}, which {verb} to {joined(targets)}.")
    return said


def _edges(
    material: Material, taught: frozenset[str], is_fit: Callable[[Material, Relation], bool]
) -> list[Relation]:
    """Prerequisites among few concepts: between taught terms first, then those that touch one, by strength."""
    ranked = sorted(
        (r for r in material.relations if r.type == PREREQUISITE and is_fit(material, r)),
        key=lambda r: (-(r.source in taught) - (r.target in taught), -r.weight, r.source, r.target),
    )
    chosen: list[Relation] = []
    names: set[str] = set()
    for _ in range(3):
        for relation in ranked:
            ends = {relation.source, relation.target}
            joins = bool(ends & names) or (not chosen and bool(ends & taught))
            if relation not in chosen and joins and len(names | ends) <= _MOST_NODES:
                chosen.append(relation)
                names |= ends
    return chosen
