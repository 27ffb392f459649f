"""What a lesson is made from: the passages about its topic, their concepts and facts."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import WriteScriptRequest
from mootion.llm.v1.task_pb2 import PREREQUISITE, Concept, Relation

from services.llm.extractive.analysis import Analysis, Sentence, analyse
from services.llm.extractive.concepts import concepts_of
from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.reading import read
from services.llm.extractive.questions.wording import with_small_letter
from services.llm.extractive.questions.workshop import Workshop
from services.llm.extractive.relations import relations_of
from services.llm.extractive.too_little_content import TooLittleContent

FEWEST_WORDS = 60
MOST_CONCEPTS = 40
# A topic is taught from the passages that hold at least this share of its words, the fullest first.
TOPIC_SHARE = 0.5
MOST_TOPIC_PASSAGES = 14


@dataclass
class Material:
    """An analysed text with its concepts, relations and facts."""

    analysis: Analysis
    concepts: list[Concept]
    shop: Workshop
    topic: str

    @cached_property
    def relations(self) -> list[Relation]:
        """How the concepts relate, the strongest first."""
        return relations_of(self.analysis, self.concepts)

    @cached_property
    def definition_of(self) -> dict[int, Definition]:
        """What each term means."""
        return self.shop.definition_of

    @cached_property
    def importance(self) -> dict[int, float]:
        """How much each term matters to the lesson: to the text, and most of all when the topic names it."""
        topic = self.shop.reading.content_stems(self.topic)
        found = {}
        for position, term in enumerate(self.shop.reading.terms):
            named = topic & self.shop.reading.content_stems(term.name)
            found[position] = term.importance + (1.0 if named else 0.0)
        return found

    def weight(self, term: int) -> float:
        """How much a term adds to a lesson: its importance, and how many other concepts hang on it."""
        return self.importance[term] + 0.08 * min(6, self._degree.get(term, 0))

    @cached_property
    def _degree(self) -> Counter[int]:
        ends = (
            self._term(name)
            for r in self.relations
            if r.type == PREREQUISITE
            for name in (r.source, r.target)
        )
        return Counter(ends)

    def are_near(self, one: frozenset[int], other: frozenset[int]) -> bool:
        """Whether a term of one set is a prerequisite of a term of the other, or of one sort with it."""
        likeness = self.shop.kinship.likeness
        close = self.shop.kinship.CLOSE
        return any(
            (a, b) in self._linked or (b, a) in self._linked or likeness(a, b) >= close
            for a in one
            for b in other
        )

    @cached_property
    def _linked(self) -> frozenset[tuple[int, int]]:
        return frozenset(
            (self._term(r.source), self._term(r.target)) for r in self.relations if r.type == PREREQUISITE
        )

    @cached_property
    def rank(self) -> dict[int, int]:
        """Place of each term in the order of learning: prerequisites first, else by first definition in the text."""
        first = {d.term: d.sentence.index for d in reversed(self.shop.definitions)}
        waiting = sorted(first, key=lambda term: (first[term], term))
        needs = self._needs(frozenset(waiting))
        order: list[int] = []
        while waiting:
            ready = next((t for t in waiting if not needs.get(t, set()) - set(order)), waiting[0])
            order.append(ready)
            waiting.remove(ready)
        return {term: place for place, term in enumerate(order)}

    def _needs(self, known: frozenset[int]) -> dict[int, set[int]]:
        needs: dict[int, set[int]] = {}
        for relation in self.relations:
            source, target = self._term(relation.source), self._term(relation.target)
            if relation.type == PREREQUISITE and source in known and target in known and source != target:
                needs.setdefault(target, set()).add(source)
        return needs

    def _term(self, name: str) -> int:
        found = self.shop.reading.find(self.shop.reading.key_of(name))
        return -1 if found is None else found

    @cached_property
    def proper_names(self) -> frozenset[str]:
        """Words that the text writes with a capital inside sentences, and never with a small letter."""
        words = (t.surface for s in self.analysis.sentences for t in s.tokens[1:])
        inside = {word for word in words if word[:1].isupper()}
        return frozenset(word for word in inside if word.lower() not in self.shop.reading.small_forms)

    def inside(self, title: str) -> str:
        """A title within a sentence: words that are no names lose their capitals."""
        words = title.split()
        if sum(word[:1].isupper() for word in words) > 1 or len(words) == 1:
            return " ".join(w if w.strip(",") in self.proper_names else with_small_letter(w) for w in words)
        return title if words and words[0].strip(",") in self.proper_names else with_small_letter(title)

    def terms_in(self, sentence: Sentence) -> frozenset[int]:
        """The terms that a sentence mentions."""
        return frozenset(m.term for m in self.shop.reading.mentions(sentence))


def material_of(request: WriteScriptRequest) -> Material:
    """The material of a request. Raises TooLittleContent where there is too little text, or none on the topic."""
    passages = _on_topic(request) if request.topic.strip() else list(request.passages)
    words = sum(len(passage.text.split()) for passage in passages)
    if words < FEWEST_WORDS:
        raise TooLittleContent(f"the text holds {words} words; a lesson needs at least {FEWEST_WORDS}")
    analysis = analyse(passages, request.language)
    concepts = concepts_of(analysis, min(MOST_CONCEPTS, max(8, words // 60)), MOST_CONCEPTS)
    return Material(
        analysis, concepts, Workshop(read(analysis, concepts), request.seed), request.topic.strip()
    )


def _on_topic(request: WriteScriptRequest) -> list[Passage]:
    """The passages about the topic in reading order."""
    analysis = analyse(request.passages, request.language)
    wanted = read(analysis, []).content_stems(request.topic)
    if not wanted:
        raise TooLittleContent(f"the topic {request.topic!r} holds no word to look for")
    scores = [(_score(analysis, position, wanted), position) for position in range(len(analysis.passages))]
    fitting = sorted(
        (pair for pair in scores if pair[0] >= TOPIC_SHARE), key=lambda pair: (-pair[0], pair[1])
    )
    if not fitting:
        raise TooLittleContent(f"no passage is about {request.topic!r}")
    return [
        request.passages[position]
        for position in sorted(position for _, position in fitting[:MOST_TOPIC_PASSAGES])
    ]


def _score(analysis: Analysis, position: int, wanted: frozenset[str]) -> float:
    """Share of the wanted stems in a passage or its headings, and a little for how often they come."""
    stems = [stem for sentence in analysis.sentences_of(position) for stem in sentence.stems]
    section = analysis.sections[analysis.section_of[position]]
    heading = {token.stem for token in section.heading}
    held = wanted & (set(stems) | heading)
    often = sum(stem in wanted for stem in stems) / (len(stems) + 30)
    return (
        len(held) / len(wanted) + min(0.9, 4 * often) + 0.5 * len(wanted & heading) / len(wanted)
        if held
        else 0.0
    )
