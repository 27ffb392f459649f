"""Answers as a model gives them, and as the passages bear them out."""

from collections.abc import Sequence

from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import llm_service_pb2 as messages
from mootion.llm.v1 import task_pb2

from services.llm.guard import Guard, support
from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked, Reply

LONGEST_SENTENCE = 1000
# Share of an answer's words that its quotes or the question must have.
LEAST_SUPPORT = 0.6


class SentenceReply(Reply):
    """One sentence and the quotes that prove it."""

    text: str
    quotes: list[str]


class AnswerReply(Reply):
    """An answer, or that the text does not hold it."""

    supported: bool
    sentences: list[SentenceReply]
    confidence: float


def check(
    reply: AnswerReply, passages: Sequence[Passage], question: str, guard: Guard
) -> Checked[messages.AnswerQuestionResponse]:
    """Keeps the sentences that their quotes prove."""
    quotes = Quotes(passages)
    kept: list[task_pb2.AnswerSentence] = []
    problems: list[str] = []
    for number, sentence in enumerate(reply.sentences if reply.supported else []):
        found = [citation for citation in map(quotes.find, sentence.quotes) if citation is not None]
        problem = guard.problem(sentence.text, LONGEST_SENTENCE)
        if not found:
            problems.append(f"Sentence {number}: none of its quotes stands in the text word for word.")
        elif problem:
            problems.append(f"Sentence {number} {problem}.")
        elif not _is_borne_out(sentence.text, question, [citation.quote for citation in found]):
            problems.append(f"Sentence {number} says more than its quotes: say what they say, or quote more.")
        else:
            kept.append(task_pb2.AnswerSentence(text=sentence.text.strip(), citations=found))
    if reply.supported and not reply.sentences:
        problems.append("supported is true but there is no sentence.")
    answer = messages.AnswerQuestionResponse(sentences=kept, supported=bool(kept))
    if kept:
        answer.confidence = min(1.0, max(0.0, reply.confidence))
    return Checked(answer, len(kept), problems)


def _is_borne_out(text: str, question: str, quotes: Sequence[str]) -> bool:
    """The question may lend words, but a sentence that has none of its quotes' says nothing of what they say."""
    return support(text, quotes) > 0 and support(text, [question, *quotes]) >= LEAST_SUPPORT


def merge(
    parts: Sequence[messages.AnswerQuestionResponse], most_sentences: int
) -> messages.AnswerQuestionResponse:
    """The sentences of the parts that are surest of their answer, each quote used once."""
    ranked = sorted((part for part in parts if part.supported), key=lambda part: -part.confidence)
    merged = messages.AnswerQuestionResponse(supported=bool(ranked))
    used: set[tuple[str, int]] = set()
    for sentence in (sentence for part in ranked for sentence in part.sentences):
        places = {(citation.passage_id, citation.start_char) for citation in sentence.citations}
        if len(merged.sentences) < most_sentences and not places <= used:
            merged.sentences.append(sentence)
            used |= places
    merged.confidence = ranked[0].confidence if ranked else 0.0
    return merged
