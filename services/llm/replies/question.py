"""A question as a model writes it."""

from typing import Literal

from services.llm.replies.checked import Reply

KindName = Literal[
    "SINGLE_CHOICE",
    "MULTIPLE_CHOICE",
    "TRUE_FALSE",
    "CLOZE",
    "SHORT_ANSWER",
    "NUMERIC",
    "ALGEBRAIC",
    "ORDERING",
    "MATCHING",
    "FIND_ERROR",
]


class QuestionReply(Reply):
    """One question. Which fields count depends on the kind; the prompt says how."""

    kind: KindName
    stem: str
    right: list[str]
    wrong: list[str]
    matches: list[str]
    number: float | None
    unit: str
    explanation: str
    quote: str
    concept: str
    difficulty: float


class QuestionsReply(Reply):
    """Questions on a text."""

    questions: list[QuestionReply]
