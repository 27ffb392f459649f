"""Notes that a model takes on a part of a long text: quotes of what a lesson on it should not leave out."""

from collections.abc import Sequence
from dataclasses import dataclass

from mootion.document.v1.document_pb2 import Citation, Passage

from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked, Reply
from services.llm.splitting import MOST_TOKENS, Extract, Part, tokens_in


class NoteReply(Reply):
    """One quote, and how much it matters."""

    quote: str
    importance: float


class NotesReply(Reply):
    """Notes on a text."""

    notes: list[NoteReply]


@dataclass(frozen=True)
class Note:
    """A quote and how much it matters, 0 to 1."""

    citation: Citation
    importance: float


def check(reply: NotesReply, passages: Sequence[Passage]) -> Checked[list[Note]]:
    """Keeps what stands in the text."""
    quotes = Quotes(passages)
    found = [(quotes.find(note.quote), note.importance) for note in reply.notes]
    kept = [Note(citation, importance) for citation, importance in found if citation is not None]
    problems = ["A quote does not stand in the text word for word."] * (len(found) - len(kept))
    return Checked(kept, len(kept), problems)


def digest(
    parts: Sequence[Sequence[Note]], passages: Sequence[Passage], most_tokens: int = MOST_TOKENS
) -> Part:
    """The notes that matter most and fit together, in reading order, as one part."""
    by_id = {passage.passage_id: (number, passage) for number, passage in enumerate(passages)}
    ranked = sorted((note for part in parts for note in part), key=lambda note: -note.importance)
    chosen: dict[tuple[int, int, str], Passage] = {}
    tokens = 0
    for note in ranked:
        tokens += tokens_in(note.citation.quote)
        if tokens > most_tokens:
            break
        number, passage = by_id[note.citation.passage_id]
        chosen[number, note.citation.start_char, note.citation.quote] = passage
    extracts = (
        Extract(f"P{label}", passage, quote)
        for label, ((_, _, quote), passage) in enumerate(sorted(chosen.items(), key=lambda e: e[0]), 1)
    )
    return Part(tuple(extracts))
