"""Everything the writers of questions work with, read once from a document."""

from collections import Counter
from collections.abc import Sequence as Row
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

from mootion.document.v1.document_pb2 import Citation
from mootion.llm.v1.task_pb2 import Relation

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.calculations import Calculation, calculations
from services.llm.extractive.questions.causes import Cause, causes
from services.llm.extractive.questions.claims import Claim, claims
from services.llm.extractive.questions.conditions import Condition, conditions
from services.llm.extractive.questions.contrary import Contradictions
from services.llm.extractive.questions.definitions import Definition, definitions
from services.llm.extractive.questions.distractors import Distractors
from services.llm.extractive.questions.formulas import Formula, formulas
from services.llm.extractive.questions.kinship import Kinship
from services.llm.extractive.questions.listings import Listing, listings
from services.llm.extractive.questions.quantities import NO_TERM, Quantity, quantities
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.repeats import wording
from services.llm.extractive.questions.sequences import Sequence, sequences
from services.llm.extractive.questions.wording import word_count

LONGEST_STATEMENT_WORDS = 32


@dataclass
class Workshop:
    """The facts of a document, mined when first asked for, and the seed that decides between equals."""

    reading: Reading
    seed: int
    relations: Row[Relation] = ()

    # How often each sentence has stood, changed, among the wrong options of a question.
    contradicted: Counter[int] = field(default_factory=Counter)
    # How many statements were put as they are, and how many contradicted.
    truths: Counter[bool] = field(default_factory=Counter)

    @cached_property
    def definitions(self) -> list[Definition]:
        """What its terms mean."""
        return definitions(self.reading)

    @cached_property
    def claims(self) -> list[Claim]:
        """What it says about its terms."""
        _ = self.definitions
        return claims(self.reading)

    @cached_property
    def causes(self) -> list[Cause]:
        """Why something is so."""
        return causes(self.reading)

    @cached_property
    def conditions(self) -> list[Condition]:
        """What follows from what."""
        return conditions(self.reading)

    @cached_property
    def calculations(self) -> list[Calculation]:
        """Worked examples."""
        return calculations(self.reading)

    @cached_property
    def listings(self) -> list[Listing]:
        """What belongs to what."""
        return listings(self.reading)

    @cached_property
    def quantities(self) -> list[Quantity]:
        """How much and how many."""
        return quantities(self.reading)

    @cached_property
    def sequences(self) -> list[Sequence]:
        """What comes after what."""
        return sequences(self.reading)

    @cached_property
    def formulas(self) -> list[Formula]:
        """Its formulas."""
        return formulas(self.reading)

    @cached_property
    def distractors(self) -> Distractors:
        """Wrong options."""
        return Distractors(self.reading, self.definitions, self.kinship)

    @cached_property
    def kinship(self) -> Kinship:
        """Which terms are of one sort."""
        return Kinship(self.reading, self.definitions, self.listings, self.relations)

    @cached_property
    def contradictions(self) -> Contradictions:
        """False statements."""
        return Contradictions(self.reading, self.distractors, self.quantities)

    @cached_property
    def statements(self) -> list[tuple[int, Sentence, float]]:
        """Sentences that state something about a term, each once, with the term and how good they are, 0 to 1."""
        sources = [
            *((d.term, d.sentence, 0.8) for d in self.definitions),
            *((c.term, c.sentence, 0.75) for c in self.claims),
            *((q.term, q.sentence, 0.6) for q in self.quantities if q.term != NO_TERM),
            *((m[0].term, s, 0.5) for s in self.reading.standing if (m := self.reading.mentions(s))),
        ]
        standing = {wording(sentence): sentence for sentence in self.reading.standing}
        found: dict[int, tuple[int, Sentence, float]] = {}
        for term, source, quality in sources:
            sentence = standing.get(wording(source))
            if sentence is not None and word_count(sentence.text) <= LONGEST_STATEMENT_WORDS:
                found.setdefault(sentence.index, (term, sentence, quality))
        return list(found.values())

    @cached_property
    def statement_stems(self) -> dict[int, frozenset[str]]:
        """The stems of each statement by the index of its sentence."""
        return {sentence.index: frozenset(sentence.stems) for _, sentence, _ in self.statements}

    @cached_property
    def definition_of(self) -> dict[int, Definition]:
        """The surest definition of each term that has one."""
        best: dict[int, Definition] = {}
        for definition in self.definitions:
            if definition.term not in best or definition.quality > best[definition.term].quality:
                best[definition.term] = definition
        return best

    def random(self, *about: object) -> Random:
        """A source of chance that depends on the seed and on what it is for, and on nothing else."""
        return Random(f"{self.seed}|{'|'.join(str(part) for part in about)}")

    def citation(self, sentence: Sentence, since: Sentence | None = None) -> Citation:
        """The quote of a sentence, or of all from the sentence `since` of the same passage on."""
        start = sentence.start if since is None else since.start
        return self.reading.analysis.citation_of(sentence.passage, start, sentence.end)

    def concept(self, term: int, sentence: Sentence) -> str:
        """The concept that a term stands for; without a term, the title of the sentence's section."""
        if term != NO_TERM:
            return self.reading.terms[term].concept
        return self.reading.analysis.section(sentence).title or "text"
