"""What a question asks for, by its form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from services.llm.extractive.analysis import Analysis
from services.llm.extractive.closed_classes import words
from services.llm.extractive.inflection import singular
from services.llm.extractive.phrases import key_of
from services.llm.extractive.tokens import Token


class QuestionForm(Enum):
    """The kinds of answers that questions want."""

    DEFINITION = "definition"
    CAUSE = "cause"
    COMPARISON = "comparison"
    LIST = "list"
    NUMBER = "number"
    PROCEDURE = "procedure"
    YES_NO = "yes or no"
    GENERAL = "general"


# The first pattern that fits decides. German, French and Spanish question words stand beside the English
# ones.
_FORMS: tuple[tuple[QuestionForm, re.Pattern[str]], ...] = tuple(
    (form, re.compile(pattern, re.IGNORECASE))
    for form, pattern in (
        (QuestionForm.COMPARISON, r"\b(differen(?:ce|ces|t)|differs?|compare|contrast|versus|vs\.?|similarit"
                                  r"|distinguish|Unterschied|différence|diferencia)"),
        (QuestionForm.NUMBER, r"\b(how (?:many|much|long|old|far|fast|big|large|tall|often)|what (?:percent"
                              r"|percentage|proportion|fraction|number|year)|in (?:what|which) year"
                              r"|wie ?viele?|combien|cuántos?)\b"),
        (QuestionForm.CAUSE, r"\b(why|what (?:causes?|caused|leads? to)|reasons?|because|effects? of|warum"
                             r"|weshalb|pourquoi|por qué)\b"),
        (QuestionForm.PROCEDURE, r"\b(how (?:do|does|can|is|are|to|did|was|were|should|would)|steps?|procedure"
                                 r"|wie (?:wird|werden|kann|funktioniert)|comment|cómo)\b"),
        (QuestionForm.LIST, r"\b((?:what|which) (?:are|were) the (?!\w+ of)|list|name (?:the|two|three|four|five)"
                            r"|which (?:types|kinds|parts|elements)|what (?:types|kinds|parts)|examples of)\b"),
        (QuestionForm.DEFINITION, r"^\s*(?:what|who)(?:'s|’s| is| are| was| were| does \w+ mean)\b|\bdefin(?:e|ition)"
                                  r"|\bmeaning of|\bmeant by|\bis called\b|\bknown as\b|\bthe term\b"
                                  r"|^\s*(?:was (?:ist|sind)|qu'est-ce|qué (?:es|son))\b"),
        (QuestionForm.YES_NO, r"^\s*(is|are|was|were|does|do|did|can|could|will|would|has|have|should)\b"),
    )
)  # fmt: skip
_NEGATED = re.compile(
    r"\b(?:is|are|was|were|does|do|did|can|would|will|has|have)\s+not\b|\b(?:except|least likely|incorrect|false"
    r"|NOT)\b"
)
# Words that ask and say nothing about the subject.
_ASKING = words(
    """what which who why how when where whose whom following describe explain define statement statements
    true correct best likely term terms called known mean means example examples name list give main type
    kind kinds types difference differences between compare contrast tell state identify discuss purpose role
    does do about many much percent answer question according text passage chapter difference differ blank
    word"""
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read.

    `content` are its tokens that say what it is about. `negated` means it asks for what does not hold.
    """

    form: QuestionForm
    content: tuple[Token, ...]
    negated: bool
    # The key of the phrase from the first to the last content word.
    focus: str

    @property
    def stems(self) -> frozenset[str]:
        """The stems of its content words."""
        return frozenset(token.stem for token in self.content)


def read_question(analysis: Analysis, text: str) -> Question:
    """Reads a question with the words of an analysis.

    A question of asking words only keeps them as its content.
    """
    tokens = analysis.tokens_of(text)
    form = next((form for form, pattern in _FORMS if pattern.search(text)), QuestionForm.GENERAL)
    said = _content(tokens)
    asked = tuple(token for token in said if not {token.lower, singular(token.lower)} & _ASKING)
    content = asked or said
    focus = [token for token in tokens if content and content[0].start <= token.start <= content[-1].start]
    return Question(form, content, bool(_NEGATED.search(text)), key_of(focus))


def _content(tokens: Sequence[Token]) -> tuple[Token, ...]:
    return tuple(token for token in tokens if not token.is_stop and token.surface.strip("_"))
