"""Relations of concepts as a model sees them, and as the document bears them out."""

from collections.abc import Iterable, Sequence
from typing import Literal

import networkx
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2

from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked, Reply

TYPES = {
    "PREREQUISITE": task_pb2.PREREQUISITE,
    "RELATED": task_pb2.RELATED,
    "ADVANCED_FROM": task_pb2.ADVANCED_FROM,
}


class RelationReply(Reply):
    """One relation."""

    source: str
    target: str
    type: Literal["PREREQUISITE", "RELATED", "ADVANCED_FROM"]
    weight: float
    evidence_quote: str


class RelationsReply(Reply):
    """How concepts relate."""

    relations: list[RelationReply]


def check(
    reply: RelationsReply, passages: Sequence[Passage], concepts: Iterable[task_pb2.Concept]
) -> Checked[list[task_pb2.Relation]]:
    """Keeps relations between known concepts whose evidence stands in the text."""
    names = {
        name.casefold(): concept.name
        for concept in reversed(list(concepts))
        for name in (*concept.aliases, concept.name)
    }
    quotes = Quotes(passages)
    kept: list[task_pb2.Relation] = []
    problems: list[str] = []
    for relation in reply.relations:
        source, target = (
            names.get(" ".join(name.split()).casefold()) for name in (relation.source, relation.target)
        )
        evidence = quotes.find(relation.evidence_quote)
        if source is None or target is None or source == target:
            problems.append(
                f"{relation.source[:60]!r} to {relation.target[:60]!r}: "
                "source and target are two different names of the list of concepts."
            )
        elif evidence is None:
            problems.append(f"The evidence_quote of {source!r} to {target!r} does not stand in the text.")
        else:
            kept.append(
                task_pb2.Relation(
                    source=source,
                    target=target,
                    type=TYPES[relation.type],
                    weight=min(1.0, max(0.0, relation.weight)),
                    evidence=evidence,
                )
            )
    return Checked(kept, len(kept), problems)


def merge(parts: Iterable[Sequence[task_pb2.Relation]]) -> list[task_pb2.Relation]:
    """All parts' relations, strongest first, each pair once for each type, without a cycle of prerequisites: of a
    cycle, the weakest relation is left out."""
    strongest: dict[tuple[str, str, int], task_pb2.Relation] = {}
    for relation in (relation for part in parts for relation in part):
        ends = (relation.source, relation.target)
        first, second = sorted(ends) if relation.type == task_pb2.RELATED else ends
        known = strongest.get((first, second, relation.type))
        if known is None or known.weight < relation.weight:
            strongest[first, second, relation.type] = relation
    ranked = sorted(strongest.values(), key=lambda relation: -relation.weight)
    return _acyclic(ranked)


def _acyclic(ranked: Sequence[task_pb2.Relation]) -> list[task_pb2.Relation]:
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    kept = []
    for relation in ranked:
        if relation.type == task_pb2.PREREQUISITE:
            graph.add_nodes_from((relation.source, relation.target))
            if networkx.has_path(graph, relation.target, relation.source):
                continue
            graph.add_edge(relation.source, relation.target)
        kept.append(relation)
    return kept
