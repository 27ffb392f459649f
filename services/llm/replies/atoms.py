"""Atoms as a model cuts them, and as the document bears them out."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from mootion.document.v1 import document_pb2

from mesh.ids import derived
from services.llm.guard import Guard, words_in
from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked, Reply

LONGEST_TITLE = 150
LONGEST_SENTENCE = 300
MOST_CONCEPTS = 8
MOST_OBJECTIVES = 3
MOST_REASONS = 5
MOST_RELATED = 5
# A learner reads study text at about this rate, and easier text up to half as fast again (Brysbaert 2019: 238 for
# plain non-fiction).
WORDS_A_MINUTE = 130
KINDS = {
    "DEFINITION": document_pb2.DEFINITION,
    "EXPLANATION": document_pb2.EXPLANATION,
    "EXAMPLE": document_pb2.EXAMPLE,
    "PROCEDURE": document_pb2.PROCEDURE,
    "FACT": document_pb2.FACT,
}


class AtomReply(Reply):
    """One atom: a span of the text, given by its first and last words."""

    title: str
    first_words: str
    last_words: str
    kind: Literal["DEFINITION", "EXPLANATION", "EXAMPLE", "PROCEDURE", "FACT"]
    concepts: list[str]
    difficulty: float
    learning_objectives: list[str]
    builds_on: list[int]
    quality_score: float
    quality_reasons: list[str]


class AtomsReply(Reply):
    """The units of a text in reading order."""

    atoms: list[AtomReply]


def check(
    reply: AtomsReply, passages: Sequence[document_pb2.Passage], guard: Guard
) -> Checked[list[document_pb2.Atom]]:
    """Keeps atoms whose span stands in one passage. Without ids of the document's other atoms yet."""
    quotes = Quotes(passages)
    kept: dict[int, document_pb2.Atom] = {}
    problems: list[str] = []
    for number, given in enumerate(reply.atoms):
        span = quotes.between(given.first_words, given.last_words)
        problem = guard.problem(given.title, LONGEST_TITLE)
        if span is None:
            problems.append(
                f"Atom {number}: first_words and last_words do not stand in one passage, in this order."
            )
        elif problem:
            problems.append(f"Atom {number}: its title {problem}.")
        else:
            atom = _atom(given, span, guard)
            earlier = (kept[index] for index in given.builds_on if index < number and index in kept)
            atom.prerequisite_ids.extend(dict.fromkeys(other.atom_id for other in earlier))
            kept[number] = atom
    return Checked(list(kept.values()), len(kept), problems)


def _atom(given: AtomReply, span: document_pb2.Citation, guard: Guard) -> document_pb2.Atom:
    difficulty = _unit(given.difficulty)
    atom = document_pb2.Atom(
        atom_id=derived("atom", span.document_id, span.passage_id, str(span.start_char), span.quote),
        document_id=span.document_id,
        title=given.title.strip(),
        content=span.quote,
        kind=KINDS[given.kind],
        concepts=[name for name in given.concepts if name.casefold() in span.quote.casefold()][
            :MOST_CONCEPTS
        ],
        difficulty=difficulty,
        learning_objectives=_sound(given.learning_objectives, guard)[:MOST_OBJECTIVES],
        quality_score=_unit(given.quality_score),
        quality_reasons=_sound(given.quality_reasons, guard)[:MOST_REASONS],
        source=span,
    )
    minutes = len(words_in(span.quote)) / WORDS_A_MINUTE * (0.75 + 0.5 * difficulty)
    atom.estimated_duration.FromTimedelta(timedelta(seconds=max(5, round(60 * minutes))))
    return atom


def _sound(sentences: Sequence[str], guard: Guard) -> list[str]:
    return [s.strip() for s in sentences if guard.problem(s, LONGEST_SENTENCE) is None]


def _unit(number: float) -> float:
    return min(1.0, max(0.0, number))


def merge(parts: Sequence[Sequence[document_pb2.Atom]]) -> list[document_pb2.Atom]:
    """All parts' atoms in reading order, each once, numbered, with those on the same concepts as related."""
    unique = {atom.atom_id: atom for part in parts for atom in part}
    atoms = list(unique.values())
    same_concept: defaultdict[str, list[str]] = defaultdict(list)
    for sequence, atom in enumerate(atoms):
        atom.sequence = sequence
        for name in atom.concepts:
            same_concept[name.casefold()].append(atom.atom_id)
    for atom in atoms:
        others = dict.fromkeys(other for name in atom.concepts for other in same_concept[name.casefold()])
        related = [o for o in others if o != atom.atom_id and o not in atom.prerequisite_ids]
        atom.related_ids.extend(related[:MOST_RELATED])
    return atoms
