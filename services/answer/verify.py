"""The checker of citations: a quote counts only if the passage holds it, character for character, at that place."""

from collections.abc import Iterable, Mapping

from mootion.document.v1 import document_pb2
from mootion.llm.v1 import task_pb2

from mesh.citations import page_at

FEWEST_QUOTED_WORDS = 3


def verified_sentences(
    sentences: Iterable[task_pb2.AnswerSentence], passages: Iterable[document_pb2.Passage]
) -> tuple[list[task_pb2.AnswerSentence], int]:
    """The sentences that are proved, each with only its proved citations, and how many were dropped."""
    by_id = {passage.passage_id: passage for passage in passages}
    kept, dropped = [], 0
    for sentence in sentences:
        citations = verified_citations(sentence.citations, by_id)
        if citations:
            kept.append(task_pb2.AnswerSentence(text=sentence.text, citations=citations))
        else:
            dropped += 1
    return kept, dropped


def verified_citations(
    citations: Iterable[document_pb2.Citation], passages: Mapping[str, document_pb2.Passage]
) -> list[document_pb2.Citation]:
    """The citations that hold, with document, place and page taken from the passage and not from the engine."""
    checked = (_verified(citation, passages.get(citation.passage_id)) for citation in citations)
    return [citation for citation in checked if citation is not None]


def _verified(
    citation: document_pb2.Citation, passage: document_pb2.Passage | None
) -> document_pb2.Citation | None:
    if passage is None or len(citation.quote.split()) < FEWEST_QUOTED_WORDS:
        return None
    start = citation.start_char
    if passage.text[start : start + len(citation.quote)] != citation.quote:
        start = passage.text.find(citation.quote)
    if start < 0:
        return None
    return document_pb2.Citation(
        document_id=passage.document_id,
        passage_id=passage.passage_id,
        page=page_at(passage, start),
        start_char=start,
        end_char=start + len(citation.quote),
        quote=citation.quote,
    )
