"""Answering a question with sentences of the passages, or saying that they do not hold the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from mootion.document.v1.document_pb2 import Citation
from mootion.llm.v1.llm_service_pb2 import AnswerQuestionRequest
from mootion.llm.v1.task_pb2 import AnswerSentence

from services.llm.extractive.analysis import Analysis, Sentence, analyse
from services.llm.extractive.answer_fitness import Fitness
from services.llm.extractive.question_forms import Question, QuestionForm, read_question
from services.llm.extractive.support import Support

DEFAULT_SENTENCES = 4
# An answer is given from this confidence on; see `bench/understanding.py` for what it lets in and keeps out.
SUPPORTED_FROM = 0.5
# A further sentence needs this share of the best one's score, and has to say something new.
_ALSO_GOOD = 0.62
_REPEATS = 0.7
# Forms whose sentences keep the order of the document; of the others the best comes first.
_IN_READING_ORDER = frozenset((QuestionForm.PROCEDURE, QuestionForm.LIST, QuestionForm.CAUSE))
_POINTERS = frozenset(("this", "these", "such", "it", "they", "that", "those", "he", "she"))
_BESIDE = frozenset(("however", "thus", "therefore", "instead", "similarly", "likewise", "moreover"))


@dataclass(frozen=True, slots=True)
class Answer:
    """Sentences in order with their quotes; none when the passages do not hold the answer.

    `confidence`, 0 to 1, says how well the passages support it, given or refused.
    """

    sentences: tuple[AnswerSentence, ...]
    supported: bool
    confidence: float


def answer_question(request: AnswerQuestionRequest) -> Answer:
    """Picks the sentences that answer the question, each verbatim with its citation.

    At most `max_sentences` (default 4). A sentence that points back (`This process ...`) is quoted together
    with the one before it. Refuses where the confidence is under 0.5.
    """
    analysis = analyse(request.passages, request.language)
    question = read_question(analysis, request.question)
    support = Support(analysis, [question.content])
    fitness = Fitness(analysis, question, support)
    ranked = fitness.ranked()
    confidence = fitness.confidence(ranked)
    if confidence < SUPPORTED_FROM:
        return Answer((), False, confidence)
    chosen = _chosen(analysis, support, ranked, request.max_sentences or DEFAULT_SENTENCES)
    ordered = _ordered(analysis, question, chosen)
    quotes = _quotes(analysis, ordered)
    return Answer(
        tuple(AnswerSentence(text=quote.quote, citations=[quote]) for quote in quotes), True, confidence
    )


def _chosen(
    analysis: Analysis, support: Support, ranked: Sequence[tuple[float, int]], most: int
) -> list[Sentence]:
    """The best sentence, then those nearly as good that do not repeat what is there."""
    chosen: list[Sentence] = []
    for score, index in ranked:
        if len(chosen) == most or score < _ALSO_GOOD * ranked[0][0]:
            break
        stems = support.stems[index]
        if all(_overlap(stems, support.stems[other.index]) < _REPEATS for other in chosen):
            chosen.append(analysis.sentences[index])
    return chosen


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / max(1, min(len(first), len(second)))


def _ordered(analysis: Analysis, question: Question, chosen: Sequence[Sentence]) -> list[Sentence]:
    """Best first, except that sentences of one passage, and of procedures, keep their order in the document."""
    if question.form in _IN_READING_ORDER:
        return sorted(chosen, key=lambda sentence: _place(analysis, sentence))
    rank = {sentence.passage: position for position, sentence in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda sentence: (rank[sentence.passage], sentence.start))


def _place(analysis: Analysis, sentence: Sentence) -> tuple[str, int, int]:
    passage = analysis.passages[sentence.passage]
    return passage.document_id, passage.sequence, sentence.start


def _quotes(analysis: Analysis, sentences: Sequence[Sentence]) -> list[Citation]:
    """A quote of each sentence; one that would say again what the quotes before it say is cut down to the sentence."""
    quotes: list[Citation] = []
    for sentence in sentences:
        start = _quote_start(analysis, sentence)
        quoted = {(quote.passage_id, quote.document_id, quote.end_char) for quote in quotes}
        passage = analysis.passages[sentence.passage]
        before = analysis.sentences[sentence.index - 1].end if start < sentence.start else -1
        said = (passage.passage_id, passage.document_id, before) in quoted
        quotes.append(analysis.citation_of(sentence.passage, sentence.start if said else start, sentence.end))
    return quotes


def _quote_start(analysis: Analysis, sentence: Sentence) -> int:
    """Where the quote begins so that it can be read alone: with the sentence before, if this one points to it."""
    first, _ = analysis.sentence_ranges[sentence.passage]
    opener = sentence.tokens[0].lower if sentence.tokens else ""
    if sentence.index == first or (opener not in _POINTERS and opener not in _BESIDE):
        return sentence.start
    previous = analysis.sentences[sentence.index - 1]
    between = analysis.passages[sentence.passage].text[previous.end : sentence.start]
    return sentence.start if "\n" in between else previous.start
