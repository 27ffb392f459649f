"""How the concepts of a document relate: what must be understood first, what is explained together."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from mootion.llm.v1.llm_service_pb2 import InferRelationsRequest
from mootion.llm.v1.task_pb2 import (
    ADVANCED,
    ADVANCED_FROM,
    FUNDAMENTAL,
    INTERMEDIATE,
    PREREQUISITE,
    RELATED,
    Concept,
    ConceptLevel,
    Relation,
    RelationType,
)

from services.llm.extractive.acyclic import depths, without_cycles
from services.llm.extractive.analysis import Analysis, Sentence, analyse
from services.llm.extractive.concept_mentions import ConceptMentions, Mention, mentions_of

# Prerequisites kept for one concept, and related concepts of one concept.
_MOST_PREREQUISITES = 5
_MOST_RELATED = 4
# Evidence weaker than this makes no edge.
_LEAST_WEIGHT = 0.3
_LEAST_TOGETHER = 0.2
# Sentences after the definition that still explain the concept.
_EXPLAINED_IN = 2


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation between two concepts by their numbers, with the sentence that shows it."""

    source: int
    target: int
    kind: "RelationType.ValueType"
    weight: float
    sentence: int


def infer_relations(request: InferRelationsRequest) -> list[Relation]:
    """The relations between the given concepts, strongest first; their prerequisites make no cycle."""
    analysis = analyse(request.passages, request.language)
    return relations_of(analysis, request.concepts)


def relations_of(analysis: Analysis, concepts: Sequence[Concept]) -> list[Relation]:
    """The relations between concepts of an analysed document, strongest first."""
    edges = edges_of(analysis, concepts)
    edges.sort(key=lambda edge: (-edge.weight, edge.kind, edge.source, edge.target))
    return [
        Relation(
            source=concepts[edge.source].name,
            target=concepts[edge.target].name,
            type=edge.kind,
            weight=edge.weight,
            evidence=analysis.citation(analysis.sentences[edge.sentence]),
        )
        for edge in edges
    ]


def levels_of(analysis: Analysis, concepts: Sequence[Concept]) -> list["ConceptLevel.ValueType"]:
    """How deep each concept lies in the order of learning.

    Fundamental needs no other concept, intermediate lies in the first half of the longest chain of prerequisites,
    advanced in the second.
    """
    learning = [(edge.source, edge.target) for edge in edges_of(analysis, concepts) if edge.kind != RELATED]
    found = depths(len(concepts), learning)
    half = max(1.0, max(found, default=0) / 2)
    return [FUNDAMENTAL if not depth else INTERMEDIATE if depth <= half else ADVANCED for depth in found]


def edges_of(analysis: Analysis, concepts: Sequence[Concept]) -> list[Edge]:
    """All relations as edges; those that order learning make no cycle together."""
    mentions = mentions_of(analysis, concepts)
    ordered = _Order(analysis, concepts, mentions).edges()
    learning = without_cycles(ordered, lambda edge: (edge.source, edge.target), lambda edge: edge.weight)
    known = {frozenset((edge.source, edge.target)) for edge in learning}
    return learning + [
        edge for edge in _together(analysis, mentions) if frozenset((edge.source, edge.target)) not in known
    ]


class _Order:
    """Judges for pairs of concepts which must be understood first."""

    def __init__(self, analysis: Analysis, concepts: Sequence[Concept], mentions: ConceptMentions) -> None:
        self._mentions = mentions
        self._sentences = analysis.sentences
        self._definitions = [
            _definition(analysis, concept, mentions.by_concept[i]) for i, concept in enumerate(concepts)
        ]
        self._used = [self._used_by(i) for i in range(len(concepts))]

    def edges(self) -> list[Edge]:
        """For each pair with evidence the direction that has more of it; the best few for each target."""
        by_target: dict[int, list[Edge]] = defaultdict(list)
        for target in range(len(self._used)):
            for source in sorted({*self._used[target], *self._mentions.inside[target]}):
                edge = self._judge(source, target)
                if edge is not None:
                    by_target[target].append(edge)
        return [edge for found in by_target.values() for edge in _strongest(found, _MOST_PREREQUISITES)]

    def _judge(self, source: int, target: int) -> Edge | None:
        forward, backward = self._support(source, target), self._support(target, source)
        weight = round(min(1.0, max(0.0, forward - 0.5 * backward)), 4)
        if weight < _LEAST_WEIGHT or forward <= backward:
            return None
        used = source in self._used[target]
        sentence = self._used[target][source][1] if used else self._naming_sentence(target)
        if sentence is None:
            return None
        return Edge(source, target, PREREQUISITE if used else ADVANCED_FROM, weight, sentence)

    def _support(self, source: int, target: int) -> float:
        """How much speaks for `source` before `target`, from 0 to about 1."""
        used = self._used[target].get(source)
        named = source in self._mentions.inside[target]
        if used is None and not named:
            return 0.0
        return (
            0.55 * (used[0] if used else 0.0)
            + 0.25 * named
            + 0.20 * self._share(source, target)
            + 0.15 * self._comes_first(source, target)
        )

    def _share(self, source: int, target: int) -> float:
        """How much more of the text speaks of the source: what others build on is spoken of more."""
        first, second = len(self._mentions.by_concept[source]), len(self._mentions.by_concept[target])
        return first / max(1, first + second)

    def _comes_first(self, source: int, target: int) -> float:
        first, second = self._definitions[source], self._definitions[target]
        return float(bool(first) and bool(second) and first[0] <= second[0])

    def _used_by(self, target: int) -> dict[int, tuple[float, int]]:
        """The concepts that the explanation of a concept uses: how strongly, and in which sentence."""
        used: dict[int, tuple[float, int]] = {}
        for distance, sentence in enumerate(self._explanation(target)):
            for mention in self._mentions.in_sentence(sentence):
                if mention.concept != target and mention.concept not in used:
                    used[mention.concept] = (1.0 if distance == 0 else 0.3, sentence)
        return used

    def _explanation(self, concept: int) -> Iterator[int]:
        """The defining sentence, then those after it in its passage that go on about it."""
        definition = self._definitions[concept]
        yield from definition[-1:]
        if not definition:
            return
        last = definition[-1]
        for index in range(last + 1, min(last + 1 + _EXPLAINED_IN, len(self._sentences))):
            if self._sentences[index].passage != self._sentences[last].passage:
                return
            if any(mention.concept == concept for mention in self._mentions.in_sentence(index)):
                yield index

    def _naming_sentence(self, target: int) -> int | None:
        mentions = self._mentions.by_concept[target]
        return (
            self._definitions[target][-1]
            if self._definitions[target]
            else (mentions[0].sentence if mentions else None)
        )


def _definition(analysis: Analysis, concept: Concept, mentions: Sequence[Mention]) -> list[int]:
    """The sentences that the concept's definition quotes; without one, the first that mentions it."""
    cited = concept.definition
    quoted = [
        sentence.index
        for i, passage in enumerate(analysis.passages)
        if passage.passage_id == cited.passage_id and passage.document_id == cited.document_id and cited.quote
        for sentence in analysis.sentences_of(i)
        if sentence.start < cited.end_char and sentence.end > cited.start_char
    ]
    return quoted or [mention.sentence for mention in mentions[:1]]


def _strongest(edges: Sequence[Edge], most: int) -> list[Edge]:
    return sorted(edges, key=lambda edge: (-edge.weight, edge.source, edge.target))[:most]


def _together(analysis: Analysis, mentions: ConceptMentions) -> list[Edge]:
    """Pairs of concepts that the same sentences speak of, by the cosine of their sentences."""
    shared: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, found in mentions.by_sentence.items():
        present = sorted({mention.concept for mention in found})
        for i, first in enumerate(present):
            for second in present[i + 1 :]:
                shared[first, second].append(index)
    counts = [len({mention.sentence for mention in found}) for found in mentions.by_concept]
    edges = [
        Edge(first, second, RELATED, weight, _evidence(analysis.sentences, sentences))
        for (first, second), sentences in shared.items()
        if (weight := round(len(sentences) / sqrt(counts[first] * counts[second]), 4)) >= _LEAST_TOGETHER
    ]
    return _few_for_each(edges)


def _evidence(sentences: Sequence[Sentence], found: Sequence[int]) -> int:
    """The shortest of the sentences that is long enough to say something."""
    return min(
        found, key=lambda index: (len(sentences[index].tokens) < 6, len(sentences[index].tokens), index)
    )


def _few_for_each(edges: Sequence[Edge]) -> list[Edge]:
    """The strongest related edges, so that no concept begins more than a few of them."""
    degree: dict[int, int] = defaultdict(int)
    kept = []
    for edge in sorted(edges, key=lambda edge: (-edge.weight, edge.source, edge.target)):
        if degree[edge.source] < _MOST_RELATED and degree[edge.target] < _MOST_RELATED:
            degree[edge.source] += 1
            degree[edge.target] += 1
            kept.append(edge)
    return kept
