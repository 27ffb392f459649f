"""The smallest teachable units of a document."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from math import log

from google.protobuf.duration_pb2 import Duration
from mootion.document.v1.document_pb2 import DEFINITION, Atom
from mootion.llm.v1.llm_service_pb2 import WriteAtomsRequest
from mootion.llm.v1.task_pb2 import RELATED, Concept

from services.llm.extractive.acyclic import depths
from services.llm.extractive.analysis import Analysis, analyse
from services.llm.extractive.atom_kinds import kind_of, objective_for
from services.llm.extractive.atom_quality import quality_of
from services.llm.extractive.atom_spans import AtomSpan, atom_spans
from services.llm.extractive.concept_mentions import ConceptMentions, mentions_of
from services.llm.extractive.concepts import concepts_of
from services.llm.extractive.readability import rarity, reading_difficulty
from services.llm.extractive.relations import Edge, edges_of
from services.llm.extractive.term_marks import TermMark
from services.llm.extractive.terms import marks_by_key

_MOST_CONCEPTS = 500
_CONCEPTS_OF_ATOM, _PREREQUISITES, _RELATED, _OBJECTIVES = 6, 5, 4, 3
# Reading to learn, in words a minute, at the easiest; the hardest text takes this much longer; a new concept, seconds.
_WORDS_A_MINUTE, _HARDEST_TAKES, _SECONDS_A_CONCEPT = 180, 0.6, 20
_LONGEST_TITLE = 70


def write_atoms(request: WriteAtomsRequest) -> list[Atom]:
    """The atoms of the passages in reading order, each a verbatim span of one passage.

    Every passage is used, except those that only list learning objectives, which the atoms they fit take over. Ids
    depend on the document and the text alone.
    """
    analysis = analyse(request.passages, request.language)
    concepts = concepts_of(analysis, least=15, most=_MOST_CONCEPTS)
    return _Writer(analysis, concepts).atoms()


class _Writer:
    """Writes the atoms of one analysis."""

    def __init__(self, analysis: Analysis, concepts: Sequence[Concept]) -> None:
        self._analysis = analysis
        self._concepts = concepts
        self._mentions = mentions_of(analysis, concepts)
        self._learning = [edge for edge in edges_of(analysis, concepts) if edge.kind != RELATED]
        self._depths = _relative_depths(len(concepts), self._learning)
        self._marks = _marks_by_sentence(analysis)
        self._spans = list(atom_spans(analysis))
        self._found = [self._concepts_in(span) for span in self._spans]
        self._taught_in = self._teaching_atoms()
        self._stated = _stated_objectives(analysis, self._mentions)

    def atoms(self) -> list[Atom]:
        """All atoms with their links."""
        seen: dict[str, int] = {}
        atoms = [self._atom(i, seen) for i in range(len(self._spans))]
        holders = self._holders()
        for i, atom in enumerate(atoms):
            atom.prerequisite_ids.extend(atoms[k].atom_id for k in self._prerequisites(i))
            atom.related_ids.extend(atoms[k].atom_id for k in self._related(i, holders))
        return atoms

    def _atom(self, i: int, seen: dict[str, int]) -> Atom:
        span, found = self._spans[i], self._found[i]
        source = self._analysis.citation_of(span.passage, span.start, span.end)
        kind = kind_of(self._analysis, span, self._marks)
        difficulty = self._difficulty(span, found)
        quality, reasons = quality_of(span, len(found), kind == DEFINITION)
        new = sum(self._taught_in.get(concept) == i for concept in found)
        return Atom(
            atom_id=_identifier(source.document_id, source.quote, seen),
            document_id=source.document_id,
            sequence=i,
            title=self._title(i),
            content=source.quote,
            kind=kind,
            concepts=[self._concepts[concept].name for concept in found],
            difficulty=difficulty,
            estimated_duration=Duration(seconds=_seconds(span.word_count, difficulty, new)),
            learning_objectives=self._objectives(i, objective_for(kind, self._topic(i))),
            quality_score=quality,
            quality_reasons=reasons,
            source=source,
        )

    def _concepts_in(self, span: AtomSpan) -> tuple[int, ...]:
        """The concepts a span speaks of: what it defines, names often, and others seldom name, first."""
        weight: dict[int, float] = defaultdict(float)
        for sentence in span.sentences:
            marked = {mark.first: mark.strength for mark in self._marks.get(sentence.index, ())}
            for mention in self._mentions.in_sentence(sentence.index):
                weight[mention.concept] += 1 + 3 * marked.get(mention.first, 0.0)
        for concept in weight:
            spread = len(self._mentions.by_concept[concept]) / max(1, len(self._analysis.sentences))
            weight[concept] *= (0.5 + self._concepts[concept].importance) * log(1 + 1 / max(spread, 1e-6))
        return tuple(
            sorted(weight, key=lambda concept: (-round(weight[concept], 9), concept))[:_CONCEPTS_OF_ATOM]
        )

    def _teaching_atoms(self) -> dict[int, int]:
        """The atom that teaches each concept: the one that holds its definition, else the first that names it."""
        atom_at = {sentence.index: i for i, span in enumerate(self._spans) for sentence in span.sentences}
        passages = {
            (passage.document_id, passage.passage_id): position
            for position, passage in reversed(list(enumerate(self._analysis.passages)))
        }
        taught: dict[int, int] = {}
        for number, concept in enumerate(self._concepts):
            cited = concept.definition
            passage = passages.get((cited.document_id, cited.passage_id))
            places = (
                []
                if passage is None
                else [
                    sentence.index
                    for sentence in self._analysis.sentences_of(passage)
                    if sentence.end == cited.end_char
                ]
            )
            places += [mention.sentence for mention in self._mentions.by_concept[number]]
            atom = next((atom_at[place] for place in places if place in atom_at), None)
            if atom is not None:
                taught[number] = atom
        return taught

    def _difficulty(self, span: AtomSpan, found: Sequence[int]) -> float:
        """Two fifths readability, three tenths rarity of the words, three tenths depth of the concepts."""
        depth = max((self._depths[concept] for concept in found), default=0.0)
        read, rare = reading_difficulty(span.sentences), rarity(span.sentences)
        return round(0.4 * read + 0.3 * rare + 0.3 * depth, 3)

    def _topic(self, i: int) -> str:
        """The concept the atom teaches, else the first it names, else its section."""
        own = next((c for c in self._found[i] if self._taught_in.get(c) == i), None)
        if own is None and self._found[i]:
            own = self._found[i][0]
        section = self._section_title(i)
        return self._concepts[own].name if own is not None else section or "this part"

    def _title(self, i: int) -> str:
        topic, section = self._topic(i), self._section_title(i)
        title = topic[:1].upper() + topic[1:]
        if section and topic.lower() not in section.lower() and self._taught_in.get(self._first(i)) != i:
            title = f"{section}: {topic}"
        return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1].rstrip() + "…"

    def _first(self, i: int) -> int:
        return self._found[i][0] if self._found[i] else -1

    def _section_title(self, i: int) -> str:
        return self._analysis.sections[self._analysis.section_of[self._spans[i].passage]].title

    def _objectives(self, i: int, own: str) -> list[str]:
        """The document's own objectives that speak of what the atom teaches, then the one of its kind."""
        taught = [concept for concept in self._found[i] if self._taught_in.get(concept) == i]
        stated = dict.fromkeys(text for concept in taught for text in self._stated.get(concept, ()))
        return [*list(stated)[: _OBJECTIVES - 1], own]

    def _prerequisites(self, i: int) -> list[int]:
        """The earlier atoms that teach what this one builds on: prerequisites of its concepts, then its others."""
        wanted: dict[int, None] = {}
        mine = set(self._found[i])
        for edge in self._learning:
            if edge.target in mine and self._taught_in.get(edge.target) == i:
                wanted[edge.source] = None
        wanted |= dict.fromkeys(self._found[i])
        atoms = dict.fromkeys(self._taught_in[c] for c in wanted if self._taught_in.get(c, i) < i)
        return list(atoms)[:_PREREQUISITES]

    def _holders(self) -> Mapping[int, list[int]]:
        holders: dict[int, list[int]] = defaultdict(list)
        for i, found in enumerate(self._found):
            for concept in found:
                holders[concept].append(i)
        return holders

    def _related(self, i: int, holders: Mapping[int, list[int]]) -> list[int]:
        """The atoms that share the most concepts with this one, each counted by how few atoms hold it."""
        shared: dict[int, float] = defaultdict(float)
        for concept in self._found[i]:
            for other in holders[concept]:
                shared[other] += 1 / len(holders[concept])
        shared.pop(i, None)
        return sorted(shared, key=lambda k: (-round(shared[k], 9), abs(k - i), k))[:_RELATED]


def _relative_depths(count: int, edges: Sequence[Edge]) -> list[float]:
    """How deep each concept lies, 0 to 1."""
    found = depths(count, [(edge.source, edge.target) for edge in edges])
    deepest = max(1, max(found, default=0))
    return [depth / deepest for depth in found]


def _marks_by_sentence(analysis: Analysis) -> Mapping[int, list[TermMark]]:
    marks: dict[int, list[TermMark]] = defaultdict(list)
    for found in marks_by_key(analysis).values():
        for mark in found:
            marks[mark.sentence].append(mark)
    return marks


def _stated_objectives(analysis: Analysis, mentions: ConceptMentions) -> Mapping[int, list[str]]:
    """The learning objectives that the document states, by the concepts they name."""
    stated: dict[int, list[str]] = defaultdict(list)
    for sentence in analysis.sentences:
        if sentence.is_objective and not sentence.text.endswith(":"):
            text = sentence.text.rstrip(" .;,")
            for mention in mentions.in_sentence(sentence.index):
                stated[mention.concept].append(text[:1].upper() + text[1:] + ".")
    return stated


def _seconds(words: int, difficulty: float, new_concepts: int) -> int:
    """Whole seconds, at least 15, that an average learner needs."""
    reading = 60 * words / _WORDS_A_MINUTE * (1 + _HARDEST_TAKES * difficulty)
    return max(15, round(reading + _SECONDS_A_CONCEPT * new_concepts))


def _identifier(document_id: str, text: str, seen: dict[str, int]) -> str:
    """32 hexadecimal digits of the document and the text; of equal texts the later ones count their place in."""
    seen[text] = seen.get(text, 0) + 1
    content = "\x00".join((document_id, text, str(seen[text])))
    return blake2b(content.encode(), digest_size=16).hexdigest()
