"""The choice among options as a model makes it."""

from collections.abc import Sequence

from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import llm_service_pb2 as messages

from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked, Reply

MOST_CITATIONS = 4


class ChoiceReply(Reply):
    """Which option, by its number from 1."""

    option: int
    confidence: float
    quotes: list[str]


def check(
    reply: ChoiceReply, passages: Sequence[Passage], option_count: int
) -> Checked[messages.ChooseOptionResponse]:
    """Keeps a choice of an option that there is, with the quotes that stand in the text. Without any it is a guess."""
    if not 1 <= reply.option <= option_count:
        problem = f"option is a number from 1 to {option_count}, not {reply.option}."
        return Checked(messages.ChooseOptionResponse(), 0, [problem])
    quotes = Quotes(passages)
    found = [citation for citation in map(quotes.find, reply.quotes) if citation is not None]
    sure = min(1.0, max(0.0, reply.confidence))
    choice = messages.ChooseOptionResponse(
        option_index=reply.option - 1,
        confidence=sure if found else min(sure, 1 / option_count),
        citations=found[:MOST_CITATIONS],
    )
    return Checked(choice, 1)


def merge(parts: Sequence[messages.ChooseOptionResponse]) -> messages.ChooseOptionResponse:
    """The surest choice; the first of several that are as sure."""
    return max(parts, key=lambda part: part.confidence)
